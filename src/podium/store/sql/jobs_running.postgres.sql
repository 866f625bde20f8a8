-- Jobs that hold a lease, for a new orchestrator to adopt or end.
SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
  j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
FROM running AS r
JOIN job AS j ON j.id = r.job
ORDER BY j.id
