-- One workflow run of a project.
SELECT project, name, state, counts, open, admitted, held, started_at, completed_at
FROM workflow
WHERE project = ? AND name = ?
