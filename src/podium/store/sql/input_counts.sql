-- How full a queue is: its ready jobs, and the projects that wait for room in it or are paused meanwhile.
SELECT
  coalesce((SELECT n FROM tally WHERE subject = ?1 AND state = 'ready'), 0),
  coalesce((SELECT n FROM tally WHERE subject = 'input.' || ?1 AND state = 'waiting'), 0),
  coalesce((SELECT n FROM tally WHERE subject = 'input.' || ?1 AND state = 'paused'), 0)
