-- The first ready jobs of a lane in dispatch order, in the order of the `Job` record.
SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
  j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
FROM ready AS r
JOIN job AS j ON j.id = r.job
WHERE r.queue = ? AND r.lane = ?
ORDER BY r.rank, r.job
LIMIT ?
