-- The last ids in use: job, event, review.
SELECT (SELECT coalesce(max(id), 0)
FROM job), (SELECT coalesce(max(seq), 0)
FROM event), (SELECT coalesce(max(id), 0)
FROM review)
