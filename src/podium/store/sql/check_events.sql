-- Numbers that the log lacks, from its horizon to its end.
SELECT 'event ' || after || ' follows on ' || seq
FROM (SELECT seq, lead(seq) OVER (ORDER BY seq) AS after FROM event) AS pair
WHERE after <> seq + 1
UNION ALL
SELECT 'the first event is ' || first_kept || ', it should be ' || horizon
FROM (
  SELECT (SELECT min(seq) FROM event) AS first_kept, coalesce((SELECT value FROM meta WHERE key = 'horizon'), 1) AS horizon
) AS bounds
WHERE first_kept <> horizon
LIMIT ?1
