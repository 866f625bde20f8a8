-- Projects that may not be in step on GitHub: open ones, and complete ones with a run that was not told there yet; with
-- a repository of Podium's making, one at an address that is like GitHub's, or one that is like a project's here.
SELECT id
FROM project
WHERE id > ? AND (repository_url IS NULL OR lower(repository_url) LIKE '%' || lower(?) || '%' OR repository_url LIKE '/%/repository')
  AND pruned_at IS NULL AND (state = 'open' OR (state = 'complete' AND NOT EXISTS (
    SELECT 1
    FROM outside
    WHERE key = 'gh:' || project.id || '/done'
      AND CAST(about ->> 'runs' AS BIGINT) = (SELECT count(*) FROM workflow WHERE workflow.project = project.id))))
ORDER BY id
LIMIT ?
