-- The first jobs of a lane in dispatch order.
SELECT rank, job FROM ready WHERE queue = ? AND lane = ? ORDER BY rank, job LIMIT ?
