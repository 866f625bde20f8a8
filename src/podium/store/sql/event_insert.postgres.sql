-- One line of the log.
INSERT INTO event (seq, at_wall, type, project, workflow, job, attempt, instance, data)
SELECT
  unnest(?::bigint[]), unnest(?::float8[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]),
  unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::text[]), unnest(?::text[])
