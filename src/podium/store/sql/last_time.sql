-- The latest time on record, so that a new clock never starts before it; a retry is at most 300 seconds ahead, and a start that somebody asked for may be months ahead.
SELECT max(
  coalesce((SELECT max(leased_at) FROM job WHERE state = 'running'), 0),
  coalesce((SELECT max(ready_at) - 300 FROM job WHERE state = 'delayed' AND attempt > 0), 0),
  coalesce((SELECT max(created_at) FROM project), 0),
  coalesce((SELECT at_wall FROM event ORDER BY seq DESC LIMIT 1), 0)
)
