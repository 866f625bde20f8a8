-- Where a project stands, and what operators made of it.
UPDATE project
SET state = new.state, ended_at = new.ended_at, boost = new.boost, paused = new.paused, plan_first = new.plan_first,
  assigned = new.assigned, budget_usd = new.budget_usd
FROM (
  SELECT
    unnest(?::text[]) AS state, unnest(?::float8[]) AS ended_at, unnest(?::bigint[]) AS boost,
    unnest(?::bigint[]) AS paused, unnest(?::bigint[]) AS plan_first, unnest(?::text[]) AS assigned,
    unnest(?::float8[]) AS budget_usd, unnest(?::text[]) AS id
) AS new
WHERE project.id = new.id
