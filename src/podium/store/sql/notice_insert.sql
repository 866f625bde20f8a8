-- A notice for people, once for its key.
INSERT INTO notice (key, project, job, needs_you, text, at_wall) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
