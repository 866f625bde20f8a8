-- The first jobs of a project's workflow in the order of the index.
SELECT id, step, item, state, attempt, failures, reworks, instance, ready_at
FROM job
WHERE project = ? AND workflow = ?
ORDER BY step, item
LIMIT ?
