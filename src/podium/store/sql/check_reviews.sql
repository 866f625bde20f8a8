-- Jobs that wait for a reviewer whom nobody has asked, and reviews that are open about jobs which wait for none.
SELECT 'job ' || j.id || ' is ' || j.state || ', with ' || count(r.id) || ' open reviews'
FROM job AS j
LEFT JOIN review AS r ON r.job = j.id AND r.state = 'open' AND r.kind <> 'plan'
GROUP BY j.id, j.state
HAVING count(r.id) <> CASE j.state WHEN 'in_review' THEN 1 ELSE 0 END
ORDER BY j.id
LIMIT ?1
