-- A credential opens nothing any more.
UPDATE token SET revoked_wall = ? WHERE id = ?
