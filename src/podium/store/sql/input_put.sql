-- A project waits, or waits with another priority.
INSERT INTO input (project, queue, rank, since, paused, reason)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project) DO UPDATE SET rank = excluded.rank, paused = excluded.paused
