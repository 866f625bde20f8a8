-- A job is put before a reviewer.
INSERT INTO review (id, project, job, kind, state, reason, opened_at)
VALUES (?, ?, ?, ?, 'open', ?, ?)
