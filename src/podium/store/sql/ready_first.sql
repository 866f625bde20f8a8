-- The first ready jobs of a lane in dispatch order.
SELECT r.rank, r.job, j.project, j.workflow, j.step, j.item, r.lane, j.priority, j.attempt, j.ready_at
FROM ready AS r
JOIN job AS j ON j.id = r.job
WHERE r.queue = ? AND r.lane = ?
ORDER BY r.rank, r.job
LIMIT ?
