-- One artifact of a project.
SELECT a.kind, a.key, a.title, a.data, a.path, a.step, j.workflow
FROM artifact AS a
JOIN job AS j ON j.id = a.job
WHERE a.project = ? AND a.kind = ? AND a.key = ?
