-- The open review of a job.
SELECT id, kind, reason, opened_at
FROM review
WHERE job = ? AND state = 'open'
