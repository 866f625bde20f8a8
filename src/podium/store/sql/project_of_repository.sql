-- The newest project that works, or worked, on a repository.
SELECT id
FROM project
WHERE state IN ('open', 'complete') AND repository_url IN (?1, ?1 || '.git', ?1 || '/')
ORDER BY created_at DESC
LIMIT 1
