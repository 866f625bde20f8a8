-- The newest deliveries that have ended are kept: the one at that offset from the newest goes, and all before it.
DELETE FROM delivery
WHERE state IN ('done', 'dead') AND id <= (SELECT id
FROM delivery
WHERE state IN ('done', 'dead')
ORDER BY id DESC
LIMIT 1 OFFSET ?)
