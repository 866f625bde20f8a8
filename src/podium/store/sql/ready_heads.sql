-- The first jobs of a lane in dispatch order, from a rank on.
SELECT rank, job FROM ready WHERE queue = ? AND lane = ? AND rank >= ? ORDER BY rank, job LIMIT ?
