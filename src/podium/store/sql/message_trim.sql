-- An address keeps its newest messages: the one at that offset from the newest goes, and all before it.
DELETE FROM message
WHERE address = ?1 AND project = ?2 AND id <= (SELECT id
FROM message
WHERE address = ?1 AND project = ?2
ORDER BY id DESC
LIMIT 1 OFFSET ?3)
