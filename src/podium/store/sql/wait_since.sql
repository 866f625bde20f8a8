-- The waiting-time sketch of a queue since an hour.
SELECT bucket, sum(n)
FROM wait
WHERE queue = ? AND hour >= ?
GROUP BY bucket
