-- A project's place in the input queue.
SELECT project, queue, rank, since, paused, reason
FROM input
WHERE project = ?
