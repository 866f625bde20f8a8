-- The jobs that depend on a job.
SELECT dependant FROM dependency WHERE job = ?
ORDER BY dependant
