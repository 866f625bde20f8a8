-- A project's artifacts of some kinds (a JSON array) in the order they were made.
SELECT kind, key, title, data, path, step
FROM artifact
WHERE project = ? AND kind IN (SELECT value FROM json_each(?))
ORDER BY job, position
