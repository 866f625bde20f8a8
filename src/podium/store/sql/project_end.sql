-- Where a project stands.
UPDATE project
SET state = ?, ended_at = ?, boost = ?, paused = ?, plan_first = ?
WHERE id = ?
