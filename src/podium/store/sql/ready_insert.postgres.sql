-- A job that lacks nothing but an instance.
INSERT INTO ready (queue, lane, rank, job) SELECT * FROM unnest(
  ?::text[], ?::text[], ?::float8[], ?::bigint[])
