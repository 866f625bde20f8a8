-- Open projects that somebody paused, the longest first: since when, and why.
SELECT id, paused_at, paused_because
FROM project
WHERE paused_at IS NOT NULL AND state = 'open'
ORDER BY paused_at
LIMIT ?
