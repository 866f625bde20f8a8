-- What came of trying to deliver, or another chance.
UPDATE delivery SET state = ?, attempts = ?, due_at = ?, ended_wall = ?, detail = ? WHERE id = ?
