-- A new credential.
INSERT INTO token (id, name, scope, digest, created_wall, expires_wall)
VALUES (?, ?, ?, ?, ?, ?)
