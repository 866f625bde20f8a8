-- The log from a place on.
SELECT seq, at_wall, type, project, workflow, job, attempt, instance, data
FROM event
WHERE seq > ?
ORDER BY seq
LIMIT ?
