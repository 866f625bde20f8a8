-- The commits that a job stands on: what its dependencies delivered, in job order.
SELECT a.commit_id
FROM dependency AS d
JOIN job AS j ON j.id = d.job
JOIN attempt AS a ON a.job = j.id AND a.number = j.attempt
WHERE d.dependant = ? AND a.commit_id IS NOT NULL
ORDER BY j.id
