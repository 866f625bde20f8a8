-- Where a project's workflows stand.
SELECT name, state, counts, started_at, completed_at
FROM workflow
WHERE project = ?
ORDER BY name
