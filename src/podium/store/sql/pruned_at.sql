-- When a project was pruned, if it was.
SELECT pruned_at
FROM project
WHERE id = ?
