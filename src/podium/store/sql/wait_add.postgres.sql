-- Add to the waiting-time sketch.
INSERT INTO wait (queue, hour, bucket, n)
SELECT
  unnest(?::text[]), unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::bigint[])
ON CONFLICT (queue, hour, bucket) DO UPDATE SET n = wait.n + excluded.n
