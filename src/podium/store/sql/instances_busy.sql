-- What every busy instance works on.
SELECT instance, project, workflow, step, item, id, attempt, leased_at
FROM job
WHERE state = 'running'
ORDER BY instance
