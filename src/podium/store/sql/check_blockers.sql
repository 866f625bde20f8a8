-- Jobs that wait, although what they depend on is done, or do not, although it is not; or that count it wrongly.
SELECT 'job ' || id || ' is ' || state || ' and says that it waits for ' || blockers || '; it waits for ' || open
FROM (
  SELECT j.id, j.state, j.blockers, count(b.id) AS open
  FROM job AS j
  JOIN project AS p ON p.id = j.project
  LEFT JOIN dependency AS d ON d.dependant = j.id
  LEFT JOIN job AS b ON b.id = d.job AND b.state NOT IN ('passed', 'cancelled')
  WHERE p.state = 'open' AND j.state NOT IN ('passed', 'cancelled')
  GROUP BY j.id, j.state, j.blockers
) AS behind
WHERE blockers <> open OR (state = 'waiting') <> (blockers > 0)
ORDER BY id
LIMIT ?1
