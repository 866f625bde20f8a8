-- The project whose repository outside it is (by its key), else the newest that works, or worked, on its address; empty
-- for none.
SELECT coalesce((SELECT project FROM outside WHERE key = ?1), (
  SELECT id
  FROM project
  WHERE ?2 <> '' AND state IN ('open', 'complete') AND repository_url IN (?2, ?2 || '.git', ?2 || '/')
  ORDER BY created_at DESC
  LIMIT 1), '')
