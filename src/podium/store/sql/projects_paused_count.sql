-- How many open projects somebody paused.
SELECT count(*) FROM project WHERE paused_at IS NOT NULL AND state = 'open'
