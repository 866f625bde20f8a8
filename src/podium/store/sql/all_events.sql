-- The whole log, as the checkers read it.
SELECT seq, type, project, workflow, job, attempt, data
FROM event
ORDER BY seq
