-- A workflow run that begins.
INSERT INTO workflow (project, name, state, counts, open, admitted, held, started_at, completed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
