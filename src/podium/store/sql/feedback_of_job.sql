-- Words for a job's next attempt, the oldest first.
SELECT text
FROM feedback
WHERE job = ?
ORDER BY id
