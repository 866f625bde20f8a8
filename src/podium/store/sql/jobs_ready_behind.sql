-- Jobs that would be given out now, of a provider (its agent) or of a project; Podium's own steps need neither.
SELECT j.id FROM job AS j JOIN project AS p ON p.id = j.project
WHERE iif(?1 = 'provider', p.agent, iif(?1 = 'project', p.id, NULL)) = ?2
  AND p.state = 'open' AND j.state = 'ready' AND j.queue <> ?3
