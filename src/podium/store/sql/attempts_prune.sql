-- Remove a job's attempts.
DELETE FROM attempt WHERE job = ?
