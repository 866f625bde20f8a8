-- A pull request of Podium's own that waits for its checks.
SELECT 1 FROM outside WHERE key = ? AND about ->> 'merged' IS NULL
