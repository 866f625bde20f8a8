-- Runs of workflows whose numbers of open, admitted and held jobs are not those of their jobs.
SELECT w.project || '/' || w.name || ' says ' || w.open || ' open, ' || w.admitted || ' admitted, ' || w.held
  || ' held; there are ' || coalesce(j.open, 0) || ', ' || coalesce(j.admitted, 0) || ', ' || coalesce(j.held, 0)
FROM workflow AS w
JOIN project AS p ON p.id = w.project
LEFT JOIN (
  SELECT project, workflow,
    sum(CASE WHEN state NOT IN ('passed', 'cancelled') THEN 1 ELSE 0 END) AS open,
    sum(CASE WHEN state IN ('ready', 'paused', 'delayed', 'running', 'in_review') THEN 1 ELSE 0 END) AS admitted,
    sum(CASE WHEN state = 'held' THEN 1 ELSE 0 END) AS held
  FROM job
  GROUP BY project, workflow
) AS j ON j.project = w.project AND j.workflow = w.name
WHERE p.state = 'open' AND w.completed_at IS NULL
  AND (w.open <> coalesce(j.open, 0) OR w.admitted <> coalesce(j.admitted, 0) OR w.held <> coalesce(j.held, 0))
ORDER BY w.project, w.name
LIMIT ?1
