-- A project's jobs by state.
SELECT state, count(*)
FROM job
WHERE project = ?
GROUP BY state
