-- One metric hour by hour, with its sum.
SELECT hour, n, total
FROM hourly
WHERE metric = ? AND hour >= ?
