-- The first event in a stretch of the log that is not older than its limit.
SELECT seq
FROM event
WHERE seq >= ? AND seq < ? AND at_wall >= ?
ORDER BY seq
LIMIT 1
