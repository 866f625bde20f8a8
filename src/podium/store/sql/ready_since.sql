-- Since when the oldest job of a lane has been ready, among the first hundred in order.
SELECT min(j.ready_at)
FROM (SELECT job FROM ready WHERE queue = ? AND lane = ? ORDER BY rank, job LIMIT 100) AS r
JOIN job AS j ON j.id = r.job
