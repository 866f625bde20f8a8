-- A project's artifacts of one kind.
SELECT key, position, data FROM artifact WHERE project = ? AND kind = ?
ORDER BY key
