-- Remove a job's reviews.
DELETE FROM review WHERE job = ?
