-- Where a project stands.
UPDATE project
SET state = ?, ended_at = ?, open_workflows = ?, boost = ?, paused = ?, plan_first = ?
WHERE id = ?
