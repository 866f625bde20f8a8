-- The projects that a stretch of the log speaks of.
SELECT DISTINCT project
FROM event
WHERE seq > ? AND seq <= ? AND project <> ''
ORDER BY project
