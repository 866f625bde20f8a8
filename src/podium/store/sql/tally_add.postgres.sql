-- Count up or down.
INSERT INTO tally (subject, state, n)
SELECT
  unnest(?::text[]), unnest(?::text[]), unnest(?::bigint[])
ON CONFLICT (subject, state) DO UPDATE SET n = tally.n + excluded.n
