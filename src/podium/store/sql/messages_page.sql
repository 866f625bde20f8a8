-- Messages, the newest first: to some addresses (1, as a JSON array; null for all), only those that an instance (2) has
-- not read, or that nobody has read where it is empty (3), at most so many (4).
SELECT m.id, m.address, m.sender, m.project, m.text, m.sent_wall, m.closed_at IS NOT NULL, coalesce((SELECT
  string_agg(r.instance, ' ')
  FROM receipt AS r
  WHERE r.message = m.id), '')
FROM message AS m
WHERE (CAST(?1 AS TEXT) IS NULL OR m.address IN (SELECT value FROM json_each(?1)))
  AND (?3 = 0 OR (m.closed_at IS NULL AND NOT EXISTS (SELECT 1
  FROM receipt AS r
  WHERE r.message = m.id AND ?2 IN ('', r.instance))))
ORDER BY m.id DESC
LIMIT ?4
