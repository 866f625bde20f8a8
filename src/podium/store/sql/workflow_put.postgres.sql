-- Where a workflow run stands.
INSERT INTO workflow (project, name, state, counts, open, admitted, held, started_at, completed_at)
SELECT * FROM unnest(
  ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::float8[], ?::float8[])
ON CONFLICT (project, name) DO UPDATE SET
  state = excluded.state, counts = excluded.counts, open = excluded.open,
  admitted = excluded.admitted, held = excluded.held, completed_at = excluded.completed_at
