-- Reviews that wait for a decision, the oldest first.
SELECT id, kind
FROM review
WHERE state = 'open'
ORDER BY id
