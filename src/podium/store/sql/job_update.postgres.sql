-- A job's scheduling half as the laws left it, in the order of the `Job` record; its place in the pipeline is fixed.
UPDATE job
SET queue = new.queue, lane = new.lane, state = new.state, blockers = new.blockers, attempt = new.attempt,
  failures = new.failures, reworks = new.reworks, priority = new.priority, rank = new.rank, ready_at = new.ready_at,
  leased_at = new.leased_at, instance = new.instance, avoid = new.avoid, routed = new.routed
FROM unnest(
  ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[],
  ?::bigint[], ?::bigint[], ?::bigint[], ?::float8[], ?::float8[], ?::float8[], ?::text[], ?::text[], ?::text[]
) AS new (id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority, rank,
  ready_at, leased_at, instance, avoid, routed)
WHERE job.id = new.id
