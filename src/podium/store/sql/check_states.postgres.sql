-- Jobs of a state that few are in which the table for that state does not have as they are, and those that it has beside.
SELECT 'job ' || id || ' is ' || state || ' and the table ' || place || ' does not say so'
FROM (
  SELECT id, state, 'running' AS place, instance AS about, '' AS run, NULL AS at FROM job WHERE state = 'running'
  UNION ALL
  SELECT id, state, 'aside', project, workflow, CASE state WHEN 'dead' THEN leased_at ELSE ready_at END
  FROM job
  WHERE state IN ('held', 'delayed', 'dead')
  EXCEPT
  SELECT job, 'running', 'running', instance, '', NULL FROM running
  EXCEPT
  SELECT job, state, 'aside', project, workflow, at FROM aside
) AS lost
UNION ALL
SELECT 'the table running has job ' || job || ', which does not run on ' || instance
FROM (SELECT job, instance FROM running EXCEPT SELECT id, instance FROM job WHERE state = 'running') AS left_behind
UNION ALL
SELECT 'the table aside has job ' || job || ', which is not ' || state
FROM (SELECT job, state FROM aside EXCEPT SELECT id, state FROM job) AS left_behind
UNION ALL
SELECT 'the table busy says ' || sum(kept) || ' jobs of the instance ' || instance || ', there are ' || sum(counted)
FROM (
  SELECT instance, jobs AS kept, 0 AS counted FROM busy
  UNION ALL
  SELECT instance, 0, 1 FROM job WHERE state = 'running'
) AS both_ways
GROUP BY instance
HAVING sum(kept) <> sum(counted)
LIMIT ?1
