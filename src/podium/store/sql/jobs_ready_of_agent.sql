-- Jobs that an agent would be given now; Podium's own steps need no provider.
SELECT j.id FROM job AS j JOIN project AS p ON p.id = j.project
WHERE p.agent = ?1 AND p.state = 'open' AND j.state = 'ready' AND j.queue <> ?2
