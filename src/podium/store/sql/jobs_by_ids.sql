-- Jobs by their ids, a JSON array, in the order of the `Job` record.
SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed
FROM job
WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
