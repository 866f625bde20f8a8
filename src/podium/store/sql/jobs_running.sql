-- Jobs that hold a lease, for a new orchestrator to adopt or end; `+id` keeps it to the few that the index lists.
SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed
FROM job
WHERE state = 'running'
ORDER BY +id
