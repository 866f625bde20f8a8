-- The second job waits for the first.
INSERT INTO dependency (job, dependant) SELECT * FROM unnest(
  ?::bigint[], ?::bigint[]) ON CONFLICT DO NOTHING
