-- A project's jobs, whole, in the order they were made.
SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed
FROM job
WHERE project = ?
ORDER BY id
LIMIT 5000
