-- What people were told of a webhook that failed: somebody has acted, and the next failure is told anew.
DELETE FROM notice WHERE substr(key, 1, length(?1)) = ?1
