-- Add to the waiting-time sketch.
INSERT INTO wait (queue, hour, bucket, n)
SELECT * FROM unnest(
  ?::text[], ?::bigint[], ?::bigint[], ?::bigint[])
ON CONFLICT (queue, hour, bucket) DO UPDATE SET n = wait.n + excluded.n
