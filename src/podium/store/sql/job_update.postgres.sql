-- A job's scheduling half as the laws left it, in the order of the `Job` record; its place in the pipeline is fixed.
UPDATE job
SET queue = new.queue, lane = new.lane, state = new.state, blockers = new.blockers, attempt = new.attempt,
  failures = new.failures, reworks = new.reworks, priority = new.priority, rank = new.rank, ready_at = new.ready_at,
  leased_at = new.leased_at, instance = new.instance, avoid = new.avoid, routed = new.routed
FROM (
  SELECT
    unnest(?::bigint[]) AS id, unnest(?::text[]) AS project, unnest(?::text[]) AS workflow,
    unnest(?::text[]) AS step, unnest(?::text[]) AS item, unnest(?::text[]) AS queue, unnest(?::text[]) AS lane,
    unnest(?::text[]) AS state, unnest(?::bigint[]) AS blockers, unnest(?::bigint[]) AS attempt,
    unnest(?::bigint[]) AS failures, unnest(?::bigint[]) AS reworks, unnest(?::bigint[]) AS priority,
    unnest(?::float8[]) AS rank, unnest(?::float8[]) AS ready_at, unnest(?::float8[]) AS leased_at,
    unnest(?::text[]) AS instance, unnest(?::text[]) AS avoid, unnest(?::text[]) AS routed
) AS new
WHERE job.id = new.id
