-- What an instance (1), reached under four addresses (2 to 5), was told about a project (6) or about none between two
-- times (7 and 8), and has not read.
SELECT m.id, m.address, m.sender, m.project, m.text, m.sent_wall
FROM message AS m
WHERE m.address IN (?2, ?3, ?4, ?5) AND m.project IN ('', ?6) AND m.sent_at > ?7 AND m.sent_at <= ?8
  AND m.closed_at IS NULL AND NOT EXISTS (SELECT 1
  FROM receipt AS r
  WHERE r.message = m.id AND r.instance = ?1)
ORDER BY m.id
