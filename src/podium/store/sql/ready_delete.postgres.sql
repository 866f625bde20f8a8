-- A job that is leased, or lacks something again.
DELETE FROM ready
USING (
  SELECT unnest(?::text[]) AS queue, unnest(?::text[]) AS lane, unnest(?::float8[]) AS rank, unnest(?::bigint[]) AS job
) AS gone
WHERE ready.queue = gone.queue AND ready.lane = gone.lane AND ready.rank = gone.rank AND ready.job = gone.job
