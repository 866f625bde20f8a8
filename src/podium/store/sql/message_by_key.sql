-- Whether this was sent before.
SELECT id FROM message WHERE key = ?
