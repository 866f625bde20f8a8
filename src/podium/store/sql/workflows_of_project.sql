-- The workflows a project has started.
SELECT name FROM workflow WHERE project = ?
