-- The project of an id, else the newest open one that works on a repository.
SELECT id
FROM project
WHERE id = ?1 OR (state = 'open' AND repository_url IN (?1, ?2, ?2 || '.git', ?2 || '/'))
ORDER BY id = ?1 DESC, created_at DESC
LIMIT 1
