-- The next projects in the order of their ids, whether they have ended or not.
SELECT id
FROM project
WHERE id > ?
ORDER BY id
LIMIT ?
