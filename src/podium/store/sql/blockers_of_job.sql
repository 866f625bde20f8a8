-- The open jobs that a job waits for.
SELECT j.id, j.workflow, j.step, j.item, j.state
FROM dependency AS d
JOIN job AS j ON j.id = d.job
WHERE d.dependant = ? AND j.state NOT IN ('passed', 'cancelled')
ORDER BY j.id
