-- Jobs that have been held back the longest.
SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
  j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
FROM aside AS h
JOIN job AS j ON j.id = h.job
WHERE h.state = 'held'
ORDER BY h.at
LIMIT ?
