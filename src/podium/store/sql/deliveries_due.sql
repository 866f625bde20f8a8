-- The first deliveries of a webhook that are due.
SELECT id, key, webhook, event, attempts
FROM delivery
WHERE state = 'pending' AND webhook = ? AND due_at <= ?
ORDER BY due_at, id
LIMIT ?
