-- How many open projects are paused, by somebody or until their plan is approved.
SELECT count(*) FROM project WHERE paused = 1 AND state = 'open'
