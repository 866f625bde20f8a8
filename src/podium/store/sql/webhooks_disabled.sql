-- The webhooks that nothing is sent to any more.
SELECT webhook, at_wall, reason FROM webhook_disabled ORDER BY webhook
