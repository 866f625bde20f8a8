-- What an agent is told about its job's project.
SELECT p.id, p.title, p.brief, p.type, p.complexity, p.repository_url, p.agent, p.pipeline, coalesce(d.text, '')
FROM project AS p
LEFT JOIN document AS d ON d.project = p.id
WHERE p.id = ?
