-- The open review of a job.
SELECT id
FROM review
WHERE job = ? AND state = 'open'
