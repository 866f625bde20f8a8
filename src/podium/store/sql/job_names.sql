-- Which work these jobs are, by their ids as a JSON array.
SELECT id, workflow, step, item FROM job WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
