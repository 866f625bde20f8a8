-- A node's heartbeat.
INSERT INTO node (name, url, version, seen) VALUES (?, ?, ?, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET url = excluded.url, version = excluded.version, seen = excluded.seen
