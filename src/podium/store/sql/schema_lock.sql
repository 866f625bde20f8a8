-- Of several nodes that start at once, one looks after the schema at a time.
SELECT pg_advisory_xact_lock(hashtext('podium.schema'))
