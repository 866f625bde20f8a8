-- A reviewer's decision.
UPDATE review SET state = ?, decided_at = ?, decided_by = ?, notes = ? WHERE id = ?
