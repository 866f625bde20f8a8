-- The dead letters, the longest dead first, and of each the last attempt that was made at it.
SELECT j.id, j.project, j.workflow, j.step, j.item, a.ended_at, a.reason
FROM aside AS d
JOIN job AS j ON j.id = d.job
JOIN attempt AS a ON a.job = j.id AND a.number = j.attempt
WHERE d.state = 'dead' AND (?1 = '' OR d.project = ?1)
ORDER BY d.at, d.job
LIMIT ?2
