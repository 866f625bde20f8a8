-- Projects that have not ended.
SELECT id
FROM project
WHERE state = 'open'
ORDER BY id
