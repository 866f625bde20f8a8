-- What the busy instances of a queue work on.
SELECT instance, project, id, workflow, step, item, attempt, leased_at
FROM job
WHERE state = 'running' AND queue = ?
ORDER BY instance
