-- One artifact of a project.
SELECT kind, key, title, data, path, step
FROM artifact
WHERE project = ? AND kind = ? AND key = ?
