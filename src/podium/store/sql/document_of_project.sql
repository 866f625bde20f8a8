-- The requirement document that a project was made from.
SELECT text FROM document WHERE project = ?
