-- The digest of the pipeline that a project keeps.
SELECT pipeline
FROM project
WHERE id = ?
