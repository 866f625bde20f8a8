-- Delayed jobs that are overdue, the longest first, and those that are due only much later, the last ones first.
SELECT *
FROM (
  SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
    rank, ready_at, leased_at, instance, avoid, routed
  FROM job
  WHERE state = 'delayed' AND ready_at < ?1
  ORDER BY ready_at
  LIMIT ?3)
UNION ALL
SELECT *
FROM (
  SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
    rank, ready_at, leased_at, instance, avoid, routed
  FROM job
  WHERE state = 'delayed' AND ready_at > ?2
  ORDER BY ready_at DESC
  LIMIT ?3)
