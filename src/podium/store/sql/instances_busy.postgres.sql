-- What every busy instance works on.
SELECT j.instance, j.project, j.workflow, j.step, j.item, j.id, j.attempt, j.leased_at
FROM running AS r
JOIN job AS j ON j.id = r.job
ORDER BY j.instance
