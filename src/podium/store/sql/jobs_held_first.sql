-- The first jobs that wait behind their project's limit.
SELECT id FROM job WHERE project = ? AND workflow = ? AND state = 'held' ORDER BY id LIMIT ?
