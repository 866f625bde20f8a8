-- Add to an hour's sum.
INSERT INTO hourly (metric, hour, n, total)
SELECT
  unnest(?::text[]), unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::float8[])
ON CONFLICT (metric, hour) DO UPDATE SET n = hourly.n + excluded.n, total = hourly.total + excluded.total
