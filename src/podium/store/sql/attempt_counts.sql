-- How a project's attempts ended.
SELECT a.verdict, count(*)
FROM attempt AS a
JOIN job AS j ON j.id = a.job
WHERE j.project = ?
GROUP BY a.verdict
