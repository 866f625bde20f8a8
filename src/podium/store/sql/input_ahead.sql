-- How many projects are let in before one that waits, up to a bound.
SELECT count(*)
FROM (SELECT 1 FROM input WHERE queue = ?1 AND paused = 0 AND (rank, project) < (?2, ?3) LIMIT 1000)
