-- The second job waits for the first.
INSERT INTO dependency (job, dependant) VALUES (?, ?) ON CONFLICT DO NOTHING
