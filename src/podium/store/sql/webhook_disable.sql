-- A receiver has said that it is gone.
INSERT INTO webhook_disabled (webhook, at_wall, reason) VALUES (?, ?, ?) ON CONFLICT (webhook) DO NOTHING
