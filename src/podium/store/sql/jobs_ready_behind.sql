-- Jobs that would be given out now, of a provider (its agent) or of a project; Podium's own steps need neither.
SELECT j.id FROM job AS j JOIN project AS p ON p.id = j.project
WHERE CASE ?1 WHEN 'provider' THEN p.agent WHEN 'project' THEN p.id END = ?2
  AND p.state = 'open' AND j.state = 'ready' AND j.queue <> ?3
ORDER BY j.id
