-- Note what the counters of its hour have come to as a span of five minutes begins, unless that was noted before, or a
-- later one was: the clock has been set back, and what is counted now is that one's.
INSERT INTO mark (span, metric, bucket, n, total)
SELECT ?1, metric, bucket, n, total
FROM (
  SELECT metric, 0 AS bucket, n, total FROM hourly WHERE hour = ?1 / 12
  UNION ALL SELECT 'wait.' || queue, bucket, n, 0 FROM wait WHERE hour = ?1 / 12
  UNION ALL SELECT '', 0, 0, 0
) AS counted
WHERE NOT EXISTS (SELECT 1 FROM mark WHERE span >= ?1 AND span < (?1 / 12 + 1) * 12)
