-- Every project that waits, as the checkers read it.
SELECT project, queue, rank, since, paused, reason
FROM input
