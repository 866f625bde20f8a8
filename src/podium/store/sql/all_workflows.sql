-- What every workflow run says of its jobs, and its project's share of the capacity.
SELECT w.project, w.name, w.counts, w.open, w.admitted, w.held, w.state, w.completed_at, p.weight
FROM workflow AS w
JOIN project AS p ON p.id = w.project
