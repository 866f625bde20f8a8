-- Remove a job.
DELETE FROM job WHERE id = ?
