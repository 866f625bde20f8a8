-- The projects that are let in next when a queue has room.
SELECT project, queue, rank, since, paused, reason
FROM input
WHERE queue = ? AND paused = 0
ORDER BY rank, project
LIMIT ?
