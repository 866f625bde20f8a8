-- The latest time on record, so that a new clock never starts before it.
SELECT max(
  coalesce((SELECT max(leased_at) FROM job WHERE state = 'running'), 0),
  coalesce((SELECT at_wall FROM event ORDER BY seq DESC LIMIT 1), 0)
)
