-- A new project.
INSERT INTO project (id, title, brief, type, complexity, business_value, priority, repository_url, source, created_at, pipeline, agent,
  weight, plan_first, budget_usd)
SELECT
  unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::bigint[]),
  unnest(?::bigint[]), unnest(?::text[]), unnest(?::text[]), unnest(?::float8[]), unnest(?::text[]),
  unnest(?::text[]), unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::float8[])
