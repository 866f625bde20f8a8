-- Remove the text that a project was made from.
DELETE FROM document WHERE project = ?
