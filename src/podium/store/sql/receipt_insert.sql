-- An instance has read a message.
INSERT OR IGNORE INTO receipt (message, instance, at_wall) VALUES (?, ?, ?)
