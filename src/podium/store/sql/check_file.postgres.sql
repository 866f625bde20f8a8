-- What the server has noticed of the files: pages that were not as they were written, indexes that nobody may use.
SELECT checksum_failures || ' pages were not as they were written, lastly at ' || checksum_last_failure
FROM pg_stat_database
WHERE datname = current_database() AND checksum_failures > 0
UNION ALL
SELECT 'the index ' || indexrelid::regclass || ' is not valid'
FROM pg_index
WHERE NOT indisvalid AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)
LIMIT ?1
