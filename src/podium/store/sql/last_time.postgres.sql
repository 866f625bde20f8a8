-- The latest time on record, so that a new clock never starts before it; a retry is at most 300 seconds ahead, and a start that somebody asked for may be months ahead.
SELECT max(
  coalesce((SELECT max(j.leased_at) FROM running AS r JOIN job AS j ON j.id = r.job), 0),
  coalesce((SELECT max(d.at) - 300 FROM aside AS d JOIN job AS j ON j.id = d.job WHERE d.state = 'delayed' AND j.attempt > 0), 0),
  coalesce((SELECT max(created_at) FROM project), 0),
  coalesce((SELECT at_wall FROM event ORDER BY seq DESC LIMIT 1), 0)
)
