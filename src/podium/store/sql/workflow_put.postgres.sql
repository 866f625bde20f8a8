-- Where a workflow run stands.
INSERT INTO workflow (project, name, state, counts, open, admitted, held, started_at, completed_at)
SELECT
  unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::bigint[]),
  unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::float8[]), unnest(?::float8[])
ON CONFLICT (project, name) DO UPDATE SET
  state = excluded.state, counts = excluded.counts, open = excluded.open,
  admitted = excluded.admitted, held = excluded.held, completed_at = excluded.completed_at
