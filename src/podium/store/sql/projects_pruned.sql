-- Projects of which only a summary is left, or soon will be.
SELECT id
FROM project
WHERE pruned_at IS NOT NULL
