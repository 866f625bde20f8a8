-- Projects that ended before a time and still have rows that can go, the oldest end first.
SELECT id, pruned_at
FROM project
WHERE ended_at < ? AND has_rows = 1
  AND NOT EXISTS (SELECT 1 FROM review WHERE state = 'open' AND project = project.id)
ORDER BY ended_at
LIMIT ?
