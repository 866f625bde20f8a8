-- The webhooks for which something waits, each found by one step along the index.
WITH RECURSIVE waiting (webhook) AS (
  SELECT min(webhook) FROM delivery WHERE state = 'pending'
  UNION ALL
  SELECT (SELECT min(d.webhook) FROM delivery AS d WHERE d.state = 'pending' AND d.webhook > waiting.webhook)
  FROM waiting
  WHERE waiting.webhook IS NOT NULL
)
SELECT w.webhook, x.webhook IS NOT NULL
FROM waiting AS w
LEFT JOIN webhook_disabled AS x ON x.webhook = w.webhook
WHERE w.webhook IS NOT NULL
ORDER BY w.webhook
