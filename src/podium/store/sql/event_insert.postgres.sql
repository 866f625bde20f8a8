-- One line of the log.
INSERT INTO event (seq, at_wall, type, project, workflow, job, attempt, instance, data)
SELECT * FROM unnest(
  ?::bigint[], ?::float8[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[])
