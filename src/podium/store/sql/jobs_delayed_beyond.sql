-- Delayed jobs that are overdue, or due only much later.
SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed
FROM job
WHERE state = 'delayed' AND (ready_at < ? OR ready_at > ?)
LIMIT ?
