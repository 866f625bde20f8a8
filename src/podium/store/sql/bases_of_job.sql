-- What a job's passed dependencies delivered, in job order; null for one that changed nothing.
SELECT j.id, a.commit_id
FROM dependency AS d
JOIN job AS j ON j.id = d.job
LEFT JOIN attempt AS a ON a.job = j.id AND a.number = j.attempt
WHERE d.dependant = ? AND j.state = 'passed'
ORDER BY j.id
