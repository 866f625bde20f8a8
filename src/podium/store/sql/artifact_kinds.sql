-- The kinds of artifacts that a project has.
SELECT DISTINCT kind FROM artifact WHERE project = ?
