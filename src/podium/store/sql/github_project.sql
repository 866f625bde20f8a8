-- What GitHub is told of a project: its title, whether it is complete, the issue that it came from as
-- `owner/name/issues/number`, how many runs it has, its workflows' states, and how many of its jobs have passed.
SELECT title, state = 'complete', CASE WHEN source LIKE 'github:%#%' THEN replace(substr(source, 8), '#', '/issues/') ELSE '' END,
  (SELECT count(*) FROM workflow AS w WHERE w.project = p.id),
  state || ': ' || (SELECT string_agg(w.name || ' ' || w.state, ', ') FROM workflow AS w WHERE w.project = p.id) || '; '
    || (SELECT count(*) FILTER (WHERE j.state = 'passed') || ' of ' || count(*) FROM job AS j WHERE j.project = p.id)
FROM project AS p WHERE id = ?
