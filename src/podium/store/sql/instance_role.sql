-- The role of one instance.
SELECT role
FROM instance
WHERE name = ?
