-- Since when the first open review waits; null for none.
SELECT (SELECT opened_at FROM review WHERE state = 'open' ORDER BY id LIMIT 1)
