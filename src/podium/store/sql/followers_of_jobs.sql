-- The jobs that depend on any of these, a JSON array of ids, behind the one that they depend on.
SELECT d.job, j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures,
  j.reworks, j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
FROM dependency AS d
JOIN job AS j ON j.id = d.dependant
WHERE d.job IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
ORDER BY d.dependant
