-- One artifact of a project.
SELECT a.kind, a.key, a.title, a.data, a.path, a.step, coalesce(j.workflow, '')
FROM artifact AS a
LEFT JOIN job AS j ON j.id = a.job
WHERE a.project = ? AND a.kind = ? AND a.key = ?
