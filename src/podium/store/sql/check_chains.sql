-- Runs of workflows whose number of open chains in one of their states (by its place, from 0) is not that of their jobs.
-- ?2 has the steps of all pipelines, for the places in which a step waits and works.
SELECT project || '/' || workflow || ' says ' || sum(kept) || ' chains in its state number ' || place || ', there are '
  || sum(counted)
FROM (
  SELECT w.project, w.name AS workflow, c.key AS place, CAST(c.value AS bigint) AS kept, 0 AS counted
  FROM workflow AS w
  JOIN project AS p ON p.id = w.project
  CROSS JOIN json_each(w.counts) AS c
  WHERE p.state = 'open' AND w.completed_at IS NULL
  UNION ALL
  SELECT j.project, j.workflow,
    CASE WHEN j.attempt = 0 AND j.state IN ('ready', 'held', 'paused', 'delayed') THEN d.waits ELSE d.works END, 0, 1
  FROM job AS j
  JOIN workflow AS w ON w.project = j.project AND w.name = j.workflow
  JOIN project AS p ON p.id = j.project
  JOIN (
    SELECT value ->> 'pipeline' AS pipeline, value ->> 'workflow' AS workflow, value ->> 'step' AS step,
      CAST(value ->> 'waits' AS bigint) AS waits, CAST(value ->> 'works' AS bigint) AS works
    FROM json_each(?2)
  ) AS d ON d.pipeline = p.pipeline AND d.step = j.step
    AND d.workflow = substr(j.workflow, 1, instr(j.workflow || '@', '@') - 1)
  WHERE p.state = 'open' AND w.completed_at IS NULL AND j.state NOT IN ('waiting', 'passed', 'cancelled')
) AS both_ways
GROUP BY project, workflow, place
HAVING sum(kept) <> sum(counted)
ORDER BY project, workflow, place
LIMIT ?1
