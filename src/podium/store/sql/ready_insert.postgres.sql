-- A job that lacks nothing but an instance.
INSERT INTO ready (queue, lane, rank, job)
SELECT
  unnest(?::text[]), unnest(?::text[]), unnest(?::float8[]), unnest(?::bigint[])
