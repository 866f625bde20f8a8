-- The jobs that have been dead the longest.
SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
  j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
FROM aside AS d
JOIN job AS j ON j.id = d.job
WHERE d.state = 'dead'
ORDER BY d.at
LIMIT ?
