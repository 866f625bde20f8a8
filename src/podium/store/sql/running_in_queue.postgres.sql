-- What the busy instances of a queue work on.
SELECT j.instance, j.project, j.id, j.workflow, j.step, j.item, j.attempt, j.leased_at
FROM running AS r
JOIN job AS j ON j.id = r.job
WHERE j.queue = ?
ORDER BY j.instance
