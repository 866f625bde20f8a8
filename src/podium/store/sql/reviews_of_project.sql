-- The open reviews of a project.
SELECT id
FROM review
WHERE state = 'open' AND project = ?
ORDER BY id
