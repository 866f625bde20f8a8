-- Nobody gets this message any more.
UPDATE message SET closed_at = ? WHERE id = ?
