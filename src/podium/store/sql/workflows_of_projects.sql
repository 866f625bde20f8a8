-- The workflow runs that projects, a JSON array of ids, have begun.
SELECT project, name, state, counts, open, admitted, held, started_at, completed_at
FROM workflow
WHERE project IN (SELECT value FROM json_each(?))
