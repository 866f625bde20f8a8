-- How many jobs the projects have that ended before a time.
SELECT count(*)
FROM project AS p
JOIN job AS j ON j.project = p.id
WHERE p.ended_at < ? AND p.has_rows = 1
