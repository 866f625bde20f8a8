-- Projects with a repository of Podium's making that may not be in step on GitHub: open ones, and complete ones with a
-- run that was not released there yet.
SELECT id
FROM project
WHERE id > ? AND repository_url IS NULL AND pruned_at IS NULL AND (state = 'open' OR (state = 'complete' AND NOT EXISTS (
  SELECT 1
  FROM outside
  WHERE key = 'gh:' || project.id || '/done'
    AND CAST(about ->> 'runs' AS BIGINT) = (SELECT count(*) FROM workflow WHERE workflow.project = project.id))))
ORDER BY id
LIMIT ?
