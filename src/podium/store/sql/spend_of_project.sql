-- What is known of what a project has used up: tokens, USD (NULL where no attempt told any), and its budget.
SELECT coalesce(sum(a.input_tokens), 0), coalesce(sum(a.output_tokens), 0), sum(a.cost_usd),
  (SELECT budget_usd FROM project WHERE id = ?1)
FROM attempt AS a JOIN job AS j ON j.id = a.job
WHERE j.project = ?1
