-- What a project's further runs are for.
SELECT name, version, asked_by, reason
FROM run
WHERE project = ?
ORDER BY version
