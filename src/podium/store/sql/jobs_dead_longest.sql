-- The jobs that have been dead the longest.
SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed
FROM job
WHERE state = 'dead'
ORDER BY leased_at
LIMIT ?
