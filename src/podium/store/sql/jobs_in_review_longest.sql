-- The jobs that have waited the longest for a reviewer.
SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
  j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
FROM review AS v
JOIN job AS j ON j.id = v.job
WHERE v.state = 'open' AND j.state = 'in_review'
ORDER BY v.id
LIMIT ?
