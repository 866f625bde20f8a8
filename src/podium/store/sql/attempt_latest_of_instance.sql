-- The attempts an instance had last.
SELECT j.project, a.job, a.number
FROM attempt AS a
JOIN job AS j ON j.id = a.job
WHERE a.instance = ?
ORDER BY a.leased_at DESC
LIMIT ?
