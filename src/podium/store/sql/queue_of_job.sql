-- The queue a job waits in.
SELECT queue
FROM job
WHERE id = ?
