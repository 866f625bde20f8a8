-- Sums of every metric since an hour.
SELECT metric, sum(n), sum(total)
FROM hourly
WHERE hour >= ?
GROUP BY metric
ORDER BY metric
