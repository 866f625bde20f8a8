-- Jobs that wait for a job.
SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
  j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
FROM dependency AS d
JOIN job AS j ON j.id = d.dependant
WHERE d.job = ? AND j.state = 'waiting'
ORDER BY d.dependant
LIMIT ?
