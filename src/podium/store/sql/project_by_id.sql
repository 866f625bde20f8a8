-- One project.
SELECT id, title, type, complexity, state, priority, agent, created_at, ended_at, source, repository_url, business_value,
  pipeline, boost, weight, pruned_at, paused, paused_because
FROM project
WHERE id = ?
