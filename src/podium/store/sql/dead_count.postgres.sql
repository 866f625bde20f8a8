-- How many dead letters there are, of one project or of all.
SELECT count(*)
FROM aside
WHERE state = 'dead' AND (?1 = '' OR project = ?1)
