-- The text a project was made from.
INSERT INTO document (project, text) VALUES (?, ?)
