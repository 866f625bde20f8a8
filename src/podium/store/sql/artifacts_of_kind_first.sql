-- A project's first artifacts of one kind, each with its data unless that is too long.
SELECT key, title, path, CASE WHEN length(data) <= ? THEN data END
FROM artifact
WHERE project = ? AND kind = ?
ORDER BY key
LIMIT ?
