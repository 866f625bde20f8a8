-- Count up or down.
INSERT INTO tally (subject, state, n)
SELECT * FROM unnest(
  ?::text[], ?::text[], ?::bigint[])
ON CONFLICT (subject, state) DO UPDATE SET n = tally.n + excluded.n
