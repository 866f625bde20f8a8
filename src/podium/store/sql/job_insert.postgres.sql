-- A new job.
INSERT INTO job (id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority, rank,
  ready_at, leased_at, instance, avoid, routed)
SELECT
  unnest(?::bigint[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]),
  unnest(?::text[]), unnest(?::text[]), unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::bigint[]),
  unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::float8[]), unnest(?::float8[]), unnest(?::float8[]),
  unnest(?::text[]), unnest(?::text[]), unnest(?::text[])
