-- The first projects that wait, in the order in which they are let in; paused ones last.
SELECT i.project, p.title, i.queue, p.priority + p.business_value / 2 + p.boost, i.since, i.paused, i.reason
FROM input AS i
JOIN project AS p ON p.id = i.project
WHERE i.queue = ?
ORDER BY i.paused, i.rank, i.project
LIMIT ?
