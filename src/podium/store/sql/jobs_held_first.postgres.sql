-- The first jobs that wait behind their project's limit.
SELECT job FROM aside WHERE project = ? AND workflow = ? AND state = 'held' ORDER BY job LIMIT ?
