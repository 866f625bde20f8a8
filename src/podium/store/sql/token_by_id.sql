-- What is kept of a credential.
SELECT id, name, scope, digest, created_wall, expires_wall, revoked_wall
FROM token
WHERE id = ?
