-- Count up or down.
INSERT INTO tally (subject, state, n)
VALUES (?, ?, ?)
ON CONFLICT (subject, state) DO UPDATE SET n = tally.n + excluded.n
