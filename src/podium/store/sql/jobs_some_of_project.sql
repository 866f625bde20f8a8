-- Some jobs of a project, with what they are counted as.
SELECT id, queue, state
FROM job
WHERE project = ?
LIMIT ?
