-- The workflow runs that a project has begun.
SELECT name, state, counts, open, admitted, held, started_at, completed_at
FROM workflow
WHERE project = ?
