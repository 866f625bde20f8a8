-- The number of the first event that the log still has, or will have.
SELECT coalesce((SELECT value FROM meta WHERE key = 'horizon'), 1)
