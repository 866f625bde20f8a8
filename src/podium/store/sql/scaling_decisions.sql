-- What scaling decided of a workflow, or of any, the newest first.
SELECT seq, at_wall, data
FROM event
WHERE type = 'scaling.decided' AND seq < ?1 AND (?2 = '' OR data ->> 'workflow' = ?2)
ORDER BY seq DESC
LIMIT ?3
