-- Where a project's workflows stand, with their counters of open and held jobs.
SELECT name, state, counts, open, held, started_at, completed_at
FROM workflow
WHERE project = ?
