-- What the mirror says of a project that is not pruned, and the digest of the pipeline that it keeps.
SELECT pipeline, title, type, complexity, state, paused, priority, boost, business_value, agent, source, repository_url,
  created_at, ended_at
FROM project
WHERE id = ? AND pruned_at IS NULL
