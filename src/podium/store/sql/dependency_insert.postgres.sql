-- The second job waits for the first.
INSERT INTO dependency (job, dependant)
SELECT
  unnest(?::bigint[]), unnest(?::bigint[])
ON CONFLICT DO NOTHING
