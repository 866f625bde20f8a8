-- Circuit breakers of providers, projects and webhooks; a provider that states when it answers again has an open one.
CREATE TABLE breaker (
  name TEXT PRIMARY KEY,
  tokens REAL NOT NULL,
  openings INTEGER NOT NULL,
  until REAL NOT NULL,
  reason TEXT NOT NULL,
  since_wall REAL NOT NULL,
  until_wall REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO breaker (name, tokens, openings, until, reason, since_wall, until_wall)
SELECT 'provider:' || agent, 10, 0, until, reason, since_wall, until_wall FROM provider_pause;
DROP TABLE provider_pause;
