-- Projects, the newest first.
SELECT id, title, type, complexity, state, priority, agent, created_at, ended_at, pruned_at,
  paused, paused_because
FROM project
WHERE created_at < ?
ORDER BY created_at DESC
LIMIT ?
