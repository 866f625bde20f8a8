-- The project whose repository outside it is (by its key), else the newest that works, or worked, on its address, or in
-- it by another; empty for none.
SELECT coalesce((SELECT project FROM outside WHERE key = ?1), (
  SELECT id
  FROM project
  WHERE state IN ('open', 'complete') AND ((?2 <> '' AND repository_url IN (?2, ?2 || '.git', ?2 || '/')) OR ?1 = (
    SELECT 'gh:@' || lower(about ->> 'name') FROM outside WHERE key = 'gh:+' || project.id))
  ORDER BY created_at DESC
  LIMIT 1), '')
