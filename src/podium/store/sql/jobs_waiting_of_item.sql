-- The jobs of one chain that wait, the last first, so that dropping them wakes none.
SELECT id
FROM job
WHERE project = ? AND workflow = ? AND item = ? AND state = 'waiting'
ORDER BY id DESC
