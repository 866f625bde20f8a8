-- An event for a webhook, or something for a channel, once for its key.
INSERT INTO delivery (key, webhook, event, due_at, made_wall, state) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
