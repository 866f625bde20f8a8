-- Every credential that was made, the newest first.
SELECT id, name, scope, digest, created_wall, expires_wall, revoked_wall
FROM token
ORDER BY created_wall DESC, id
