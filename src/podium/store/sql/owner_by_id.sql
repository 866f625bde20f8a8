-- What the laws need of a project.
SELECT id, pipeline, priority, business_value, created_at, repository_url, state,
  (SELECT count(*) FROM workflow AS w WHERE w.project = project.id AND w.completed_at IS NULL), boost, paused,
  plan_first, weight, assigned
FROM project
WHERE id = ?
