-- Where a workflow run stands; when it began is fixed.
UPDATE workflow
SET state = new.state, counts = new.counts, open = new.open, admitted = new.admitted, held = new.held,
  completed_at = new.completed_at
FROM (
  SELECT
    unnest(?::text[]) AS project, unnest(?::text[]) AS name, unnest(?::text[]) AS state, unnest(?::text[]) AS counts,
    unnest(?::bigint[]) AS open, unnest(?::bigint[]) AS admitted, unnest(?::bigint[]) AS held,
    unnest(?::float8[]) AS started_at, unnest(?::float8[]) AS completed_at
) AS new
WHERE workflow.project = new.project AND workflow.name = new.name
