-- Note a number below which nothing is given out or kept again.
INSERT INTO meta (key, value) VALUES (?, ?)
ON CONFLICT (key) DO UPDATE SET value = max(meta.value, excluded.value)
