-- Delayed jobs that are overdue, the longest first, and those that are due only much later, the last ones first.
SELECT *
FROM (
  SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
    j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
  FROM aside AS d
  JOIN job AS j ON j.id = d.job
  WHERE d.state = 'delayed' AND d.at < ?1
  ORDER BY d.at
  LIMIT ?3)
UNION ALL
SELECT *
FROM (
  SELECT j.id, j.project, j.workflow, j.step, j.item, j.queue, j.lane, j.state, j.blockers, j.attempt, j.failures, j.reworks,
    j.priority, j.rank, j.ready_at, j.leased_at, j.instance, j.avoid, j.routed
  FROM aside AS d
  JOIN job AS j ON j.id = d.job
  WHERE d.state = 'delayed' AND d.at > ?2
  ORDER BY d.at DESC
  LIMIT ?3)
