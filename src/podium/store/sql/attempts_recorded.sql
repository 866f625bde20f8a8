-- The latest attempts that ended by themselves, each with its job's place in the project: how long it took, and its end.
SELECT j.project, j.workflow || '/' || j.step || '/' || j.item, a.ended_at - a.leased_at, a.ending, a.verdict
FROM attempt AS a
JOIN job AS j ON j.id = a.job
WHERE a.verdict <> 'release'
ORDER BY a.leased_at DESC, a.job
LIMIT ?
