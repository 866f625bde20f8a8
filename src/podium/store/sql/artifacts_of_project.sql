-- A project's artifacts in the order they were made, each with the run that made it.
SELECT a.kind, a.key, a.title, a.data, a.path, a.step, j.workflow
FROM artifact AS a
JOIN job AS j ON j.id = a.job
WHERE a.project = ?
ORDER BY a.job, a.position
