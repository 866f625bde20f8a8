-- When the first job of a lane became ready.
SELECT ready_at
FROM job
WHERE id = (SELECT job FROM ready WHERE queue = ? AND lane = ? ORDER BY rank, job LIMIT 1)
