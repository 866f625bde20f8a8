-- A project's jobs in the order they were made.
SELECT j.id, j.workflow, j.step, j.item, j.state, j.lane, j.attempt, j.failures, j.reworks, j.instance, j.blockers, j.ready_at,
  j.leased_at, a.ended_at, coalesce(a.reason, '')
FROM job AS j
LEFT JOIN attempt AS a ON a.job = j.id AND a.number = j.attempt
WHERE j.project = ? AND j.id > ?
ORDER BY j.id
LIMIT ?
