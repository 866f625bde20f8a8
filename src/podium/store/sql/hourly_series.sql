-- Every metric hour by hour.
SELECT metric, hour, n, total
FROM hourly
WHERE hour >= ?
ORDER BY hour
