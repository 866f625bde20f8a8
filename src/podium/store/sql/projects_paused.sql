-- Open projects that somebody paused, the longest first.
SELECT id, paused_at
FROM project
WHERE paused_at IS NOT NULL AND state = 'open'
ORDER BY paused_at
LIMIT ?
