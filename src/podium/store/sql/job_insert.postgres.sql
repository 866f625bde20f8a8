-- A new job.
INSERT INTO job (id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks,
  priority, rank, ready_at, leased_at, instance, avoid, routed)
SELECT * FROM unnest(
  ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[],
  ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::float8[], ?::float8[], ?::float8[], ?::text[],
  ?::text[], ?::text[])
