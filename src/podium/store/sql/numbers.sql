-- The last ids ever in use, also of rows that were pruned: job, event, review.
SELECT
  max((SELECT coalesce(max(id), 0) FROM job), coalesce((SELECT value FROM meta WHERE key = 'job'), 0)),
  (SELECT coalesce(max(seq), 0) FROM event),
  max((SELECT coalesce(max(id), 0) FROM review), coalesce((SELECT value FROM meta WHERE key = 'review'), 0))
