-- A message for one address.
INSERT INTO message (id, key, address, project, sender, text, sent_at, sent_wall) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
