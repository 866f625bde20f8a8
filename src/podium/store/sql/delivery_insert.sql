-- An event for a webhook, once for its key.
INSERT INTO delivery (key, webhook, event, due_at, made_wall) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
