-- A project's artifacts in the order they were made, without those of some kinds (a JSON array).
SELECT kind, key, title, data, path, step
FROM artifact
WHERE project = ? AND kind NOT IN (SELECT value FROM json_each(?))
ORDER BY job, position
