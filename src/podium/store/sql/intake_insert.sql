-- Remember which project an input became.
INSERT INTO intake (idempotency_key, project) VALUES (?, ?)
