-- A project's artifacts of some kinds (a JSON array) in the order they were made, each with the run that made it.
SELECT a.kind, a.key, a.title, a.data, a.path, a.step, coalesce(j.workflow, '')
FROM artifact AS a
LEFT JOIN job AS j ON j.id = a.job
WHERE a.project = ? AND a.kind IN (SELECT value FROM json_each(?))
ORDER BY a.job, a.position
