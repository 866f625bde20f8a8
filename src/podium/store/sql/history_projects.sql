-- Projects since a moment that were neither given up nor pruned, in the order of their coming.
SELECT id, created_at, priority, CASE WHEN state = 'complete' THEN ended_at END
FROM project
WHERE created_at >= ? AND state IN ('open', 'complete') AND pruned_at IS NULL
ORDER BY created_at, id
LIMIT ?
