-- Counters of `tally` that are not what counting the rows gives. ?2 has the steps of all pipelines, for which of a
-- workflow's states are the first and the last.
SELECT 'the counter ' || subject || ', ' || state || ' says ' || sum(kept) || ', there are ' || sum(counted)
FROM (
  SELECT subject, state, n AS kept, 0 AS counted FROM tally
  UNION ALL
  SELECT queue, state, 0, count(*) FROM job WHERE state <> 'waiting' GROUP BY queue, state
  UNION ALL
  SELECT 'lane:' || queue || '/' || lane, state, 0, count(*) FROM job WHERE state = 'ready' GROUP BY queue, lane, state
  UNION ALL
  SELECT 'projects', state, 0, count(*) FROM project GROUP BY state
  UNION ALL
  SELECT '.review', state, 0, count(*) FROM review WHERE state = 'open' GROUP BY state
  UNION ALL
  SELECT 'input.' || queue, CASE paused WHEN 0 THEN 'waiting' ELSE 'paused' END, 0, 1 FROM input
  UNION ALL
  SELECT 'workflow.' || d.workflow,
    CASE w.state WHEN d.first_state THEN 'queued' WHEN d.last_state THEN 'completed' ELSE 'active' END, 0, 1
  FROM workflow AS w
  JOIN project AS p ON p.id = w.project
  JOIN (
    SELECT DISTINCT value ->> 'pipeline' AS pipeline, value ->> 'workflow' AS workflow,
      value ->> 'first' AS first_state, value ->> 'last' AS last_state
    FROM json_each(?2)
  ) AS d ON d.pipeline = p.pipeline AND d.workflow = substr(w.name, 1, instr(w.name || '@', '@') - 1)
  WHERE w.state = d.last_state OR (p.state = 'open' AND w.completed_at IS NULL)
) AS both_ways
GROUP BY subject, state
HAVING sum(kept) <> sum(counted)
ORDER BY subject, state
LIMIT ?1
