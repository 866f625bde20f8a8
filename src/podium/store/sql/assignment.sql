-- What an agent is told about its job's project.
SELECT p.id, p.title, p.brief, p.type, p.complexity, p.repository_url, p.agent, p.pipeline, coalesce(d.text, ''),
  p.budget_usd - (
    SELECT coalesce(sum(a.cost_usd), 0) FROM attempt AS a JOIN job AS j ON j.id = a.job WHERE j.project = p.id)
FROM project AS p
LEFT JOIN document AS d ON d.project = p.id
WHERE p.id = ?
