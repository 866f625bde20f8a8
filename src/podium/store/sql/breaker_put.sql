-- A circuit breaker as it is now; `since_wall` is when it began to be anything but whole.
INSERT INTO breaker (name, tokens, openings, until, reason, since_wall, until_wall) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET tokens = excluded.tokens, openings = excluded.openings, until = excluded.until,
  reason = excluded.reason, until_wall = excluded.until_wall,
  since_wall = CASE WHEN breaker.tokens < 1 AND excluded.tokens < 1 THEN breaker.since_wall ELSE excluded.since_wall END
