-- How many jobs of its lane come before a ready job, up to a bound.
SELECT count(*)
FROM (SELECT 1 FROM ready WHERE queue = ? AND lane = ? AND rank < ? LIMIT 1000)
