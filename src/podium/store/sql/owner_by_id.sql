-- What the laws need of a project.
SELECT id, pipeline, priority, business_value, created_at, repository_url, state, open_workflows, boost, paused, plan_first, weight
FROM project
WHERE id = ?
