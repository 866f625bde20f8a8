-- What was counted in each hour; waits as `wait.QUEUE`, by the buckets of the sketch.
SELECT hour, metric, 0 AS bucket, n, total FROM hourly WHERE hour >= ?1
UNION ALL SELECT hour, 'wait.' || queue, bucket, n, 0 FROM wait WHERE hour >= ?1
ORDER BY 1
