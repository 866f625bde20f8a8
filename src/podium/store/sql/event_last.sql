-- Where the log ends.
SELECT coalesce(max(seq), 0)
FROM event
