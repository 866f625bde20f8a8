-- Where a project stands, and what operators made of it.
UPDATE project
SET state = ?, ended_at = ?, boost = ?, paused = ?, plan_first = ?, assigned = ?, budget_usd = ?
WHERE id = ?
