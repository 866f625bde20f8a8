-- The projects and workflows that a stretch of the log speaks of.
SELECT DISTINCT project, workflow
FROM event
WHERE seq > ? AND seq <= ?
