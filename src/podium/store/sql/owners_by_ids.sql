-- What the laws need of projects, a JSON array of ids.
SELECT id, pipeline, priority, business_value, created_at, repository_url, state, boost, paused, plan_first, weight,
  assigned, agent, budget_usd,
  CASE WHEN budget_usd IS NULL THEN 0.0 ELSE (
    SELECT coalesce(sum(a.cost_usd), 0.0) FROM attempt AS a JOIN job AS j ON j.id = a.job WHERE j.project = project.id) END
FROM project
WHERE id IN (SELECT value FROM json_each(?))
