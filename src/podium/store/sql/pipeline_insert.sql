-- Keep the text of a pipeline that a project starts with.
INSERT INTO pipeline (digest, text) VALUES (?, ?) ON CONFLICT DO NOTHING
