-- Credentials: only the digest of a token is kept.
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_wall REAL NOT NULL,
  expires_wall REAL,
  revoked_wall REAL
) WITHOUT ROWID;
