-- How the latest ended attempt of a job came out.
SELECT ended_at, reason
FROM attempt
WHERE job = ?
ORDER BY number DESC
LIMIT 1
