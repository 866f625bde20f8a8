-- Remove a job.
DELETE FROM job WHERE id IN (SELECT unnest(?::bigint[]))
