-- An instance has read a message.
INSERT INTO receipt (message, instance, at_wall) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
