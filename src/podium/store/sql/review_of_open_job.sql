-- The open review of a job.
SELECT id, kind, reason
FROM review
WHERE job = ? AND state = 'open'
