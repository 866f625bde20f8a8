-- What is known of what a project has used up: tokens, USD (NULL where no attempt told any), and its budget.
SELECT coalesce(s.input_tokens, 0), coalesce(s.output_tokens, 0), s.cost_usd, p.budget_usd
FROM project AS p LEFT JOIN spent AS s ON s.kind = 'project' AND s.name = p.id
WHERE p.id = ?1
