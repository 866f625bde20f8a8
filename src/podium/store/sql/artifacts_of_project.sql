-- A project's artifacts in the order they were made.
SELECT kind, key, title, data, path, step
FROM artifact
WHERE project = ?
ORDER BY job, position
