-- Jobs that are ready and stand in no lane, or not where they should; and places in lanes that no ready job has.
SELECT 'job ' || job || ' is ready and does not stand in ' || queue || '/' || lane || ' at ' || rank
FROM (
  SELECT id AS job, queue, lane, rank FROM job WHERE state = 'ready'
  EXCEPT
  SELECT job, queue, lane, rank FROM ready
) AS lost
UNION ALL
SELECT 'job ' || job || ' stands in ' || queue || '/' || lane || ' at ' || rank || ' and is not ready there'
FROM (
  SELECT job, queue, lane, rank FROM ready
  EXCEPT
  SELECT id, queue, lane, rank FROM job WHERE state = 'ready'
) AS left_behind
LIMIT ?1
