-- Since when the project waits that has waited longest.
SELECT min(since)
FROM input
