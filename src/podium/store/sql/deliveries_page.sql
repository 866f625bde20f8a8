-- Deliveries, the newest first: of one webhook or all, in one state or any.
SELECT d.id, d.webhook, d.event, d.state, d.attempts, d.due_at, d.made_wall, d.ended_wall, d.detail
FROM delivery AS d
WHERE (?1 = '' OR d.webhook = ?1) AND (?2 = '' OR d.state = ?2)
ORDER BY d.id DESC
LIMIT ?3
