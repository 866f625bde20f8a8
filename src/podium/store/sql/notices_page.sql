-- Notices, those that need somebody first, then the newest; open ones, or all.
SELECT id, key, project, job, needs_you, text, at_wall, settled_wall, settled_by
FROM notice
WHERE settled_wall IS NULL OR ? = 1
ORDER BY settled_wall IS NOT NULL, needs_you DESC, id DESC
LIMIT ?
