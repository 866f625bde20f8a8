-- The newest deliveries that have ended are kept: the one at that offset from the newest goes, and all before it.
DELETE FROM delivery
WHERE state <> 'pending' AND id <= (SELECT id
FROM delivery
WHERE state <> 'pending'
ORDER BY id DESC
LIMIT 1 OFFSET ?)
