-- Where a workflow run stands.
INSERT INTO workflow (project, name, state, counts, open, admitted, held, started_at, completed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project, name) DO UPDATE SET
  state = excluded.state, counts = excluded.counts, open = excluded.open,
  admitted = excluded.admitted, held = excluded.held, completed_at = excluded.completed_at
