-- Of the latest attempts at each step: how many, their median and the standard deviation of their logarithms, the share
-- that was in vain, and what one cost on average; only where there are enough, and not of further runs.
WITH latest AS (
  SELECT
    j.workflow, j.step, a.verdict, a.cost_usd,
    CASE WHEN a.ended_at > a.leased_at + 0.001 THEN a.ended_at - a.leased_at ELSE 0.001 END AS seconds
  FROM attempt AS a
  JOIN job AS j ON j.id = a.job
  WHERE a.verdict <> 'release' AND j.workflow NOT LIKE '%@%'
  ORDER BY a.leased_at DESC, a.job
  LIMIT ?
),
placed AS (
  SELECT
    latest.*, ln(seconds) AS lns, row_number() OVER (PARTITION BY workflow, step ORDER BY seconds) AS place,
    count(*) OVER (PARTITION BY workflow, step) AS n
  FROM latest
)
SELECT
  workflow, step, avg(CASE WHEN place IN ((n + 1) / 2, (n + 2) / 2) THEN seconds END),
  sqrt(CASE WHEN avg(lns * lns) > avg(lns) * avg(lns) THEN avg(lns * lns) - avg(lns) * avg(lns) ELSE 0 END),
  avg(CASE WHEN verdict IN ('retry', 'rework', 'bury') THEN 1.0 ELSE 0.0 END), avg(cost_usd), count(*)
FROM placed
GROUP BY workflow, step
HAVING count(*) >= ?
ORDER BY workflow, step
