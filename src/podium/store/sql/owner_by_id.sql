-- What the laws need of a project.
SELECT id, pipeline, priority, business_value, created_at, repository_url, state, boost, paused, plan_first, weight,
  assigned, agent, budget_usd,
  iif(budget_usd IS NULL, 0.0, (
    SELECT coalesce(sum(a.cost_usd), 0.0) FROM attempt AS a JOIN job AS j ON j.id = a.job WHERE j.project = project.id))
FROM project
WHERE id = ?
