-- What a job's dependencies delivered, in job order; null for one that changed nothing, or was rejected.
SELECT j.id, a.commit_id
FROM dependency AS d
JOIN job AS j ON j.id = d.job
LEFT JOIN attempt AS a ON a.job = j.id AND a.number = j.attempt AND j.state = 'passed'
WHERE d.dependant = ?
ORDER BY j.id
