-- The next deployments by project: what is said of each.
SELECT project, key, data
FROM artifact
WHERE kind = 'application' AND project > ?
ORDER BY project, key
LIMIT ?
