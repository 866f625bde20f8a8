-- Jobs that have been held back the longest.
SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed
FROM job
WHERE state = 'held'
ORDER BY ready_at
LIMIT ?
