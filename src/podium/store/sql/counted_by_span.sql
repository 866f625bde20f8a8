-- What was counted in each span of five minutes: what a counter of the hour came to by its end, less that at its beginning.
WITH kept AS (
  SELECT span / 12 AS hour, span AS until, metric, bucket, n, total FROM mark
  UNION ALL SELECT hour, (hour + 1) * 12, metric, 0, n, total FROM hourly WHERE hour >= ?1 / 12
  UNION ALL SELECT hour, (hour + 1) * 12, 'wait.' || queue, bucket, n, 0 FROM wait WHERE hour >= ?1 / 12
),
ends AS (
  SELECT hour, until, lag(until) OVER (PARTITION BY hour ORDER BY until) AS since
  FROM (SELECT DISTINCT hour, until FROM kept) AS each_once
)
SELECT coalesce(e.since, e.hour * 12) AS span, k.metric, k.bucket, k.n - coalesce(m.n, 0), k.total - coalesce(m.total, 0)
FROM kept AS k
JOIN ends AS e ON e.hour = k.hour AND e.until = k.until
LEFT JOIN mark AS m ON m.span = e.since AND m.metric = k.metric AND m.bucket = k.bucket
WHERE coalesce(e.since, e.hour * 12) >= ?1 AND (k.n <> coalesce(m.n, 0) OR k.total <> coalesce(m.total, 0))
ORDER BY 1
