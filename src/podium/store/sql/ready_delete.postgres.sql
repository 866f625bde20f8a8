-- A job that is leased, or lacks something again.
DELETE FROM ready USING unnest(?::text[], ?::text[], ?::float8[], ?::bigint[]) AS gone (queue, lane, rank, job)
WHERE ready.queue = gone.queue AND ready.lane = gone.lane AND ready.rank = gone.rank AND ready.job = gone.job
