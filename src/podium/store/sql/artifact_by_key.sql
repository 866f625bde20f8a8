-- One artifact of a project.
SELECT kind, key, title, data
FROM artifact
WHERE project = ? AND kind = ? AND key = ?
