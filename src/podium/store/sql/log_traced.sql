-- The log from a place on, with what each event ended: an attempt, a run of a workflow, or a project; and how long that
-- took in seconds. A verdict's event has its first letters: `pass` is told as `job.passed`.
SELECT e.seq, e.at_wall,
  CASE WHEN a.job IS NOT NULL THEN 'attempt' WHEN w.name IS NOT NULL THEN 'run' WHEN p.id IS NOT NULL THEN 'project' END,
  coalesce(a.ended_at - a.leased_at, w.completed_at - w.started_at, p.ended_at - p.created_at),
  e.project, e.workflow, e.job, e.attempt, e.instance, j.step, j.item, coalesce(a.verdict, w.state, p.state), a.reason,
  a.input_tokens, a.output_tokens, a.cost_usd
FROM event AS e
LEFT JOIN attempt AS a ON substr(e.type, 1, 4) = 'job.' AND a.job = e.job AND a.number = e.attempt
  AND substr(e.type, 5, 3) = substr(a.verdict, 1, 3)
LEFT JOIN job AS j ON j.id = a.job
LEFT JOIN workflow AS w ON e.type = 'workflow.state' AND w.project = e.project AND w.name = e.workflow
  AND w.completed_at IS NOT NULL AND replace(e.data, '"to":"' || w.state || '"', '') <> e.data
LEFT JOIN project AS p ON e.type IN ('project.completed', 'project.failed', 'project.cancelled') AND p.id = e.project
WHERE e.seq > ?
ORDER BY e.seq
LIMIT ?
