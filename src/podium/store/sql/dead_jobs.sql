-- The dead letters, the longest dead first, and of each the last attempt that was made at it.
SELECT j.id, j.project, j.workflow, j.step, j.item, a.ended_at, a.reason
FROM job AS j
JOIN attempt AS a ON a.job = j.id AND a.number = j.attempt
WHERE j.state = 'dead' AND (?1 = '' OR j.project = ?1)
ORDER BY j.leased_at, j.id
LIMIT ?2
