-- Add to the waiting-time sketch.
INSERT INTO wait (queue, hour, bucket, n)
VALUES (?, ?, ?, ?)
ON CONFLICT (queue, hour, bucket) DO UPDATE SET n = wait.n + excluded.n
