-- One metric hour by hour.
SELECT hour, n
FROM hourly
WHERE metric = ? AND hour >= ?
