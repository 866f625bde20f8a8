-- Remember which project an input became.
INSERT INTO intake (idempotency_key, project)
VALUES (?, ?)
ON CONFLICT (idempotency_key) DO UPDATE SET project = excluded.project
