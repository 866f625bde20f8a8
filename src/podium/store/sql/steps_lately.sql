-- What attempts came to lately, step by step; of more than a thousand, the latest.
SELECT
  j.queue, j.step, count(*), avg(a.ended_at - a.leased_at), count(*) FILTER (WHERE a.verdict IN ('retry', 'rework', 'bury')),
  count(*) FILTER (WHERE a.verdict = 'pass'), j.workflow
FROM (SELECT job, leased_at, ended_at, verdict FROM attempt WHERE leased_at > ? ORDER BY leased_at DESC LIMIT 1000) AS a
JOIN job AS j ON j.id = a.job
GROUP BY j.queue, j.step, j.workflow
