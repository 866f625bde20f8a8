-- How full a queue is: its ready jobs, the projects that wait for room in it or are paused meanwhile; and open reviews.
SELECT
  coalesce((SELECT n FROM tally WHERE subject = ?1 AND state = 'ready'), 0),
  coalesce((SELECT n FROM tally WHERE subject = 'input.' || ?1 AND state = 'waiting'), 0),
  coalesce((SELECT n FROM tally WHERE subject = 'input.' || ?1 AND state = 'paused'), 0),
  coalesce((SELECT n FROM tally WHERE subject = '.review' AND state = 'open'), 0)
