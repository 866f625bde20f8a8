-- A workflow run that begins.
INSERT INTO workflow (project, name, state, counts, open, admitted, held, started_at, completed_at)
SELECT
  unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::bigint[]),
  unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::float8[]), unnest(?::float8[])
