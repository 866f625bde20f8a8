-- What GitHub is told of a project: its title, whether it is complete, the issue that it came from as
-- `owner/name/issues/number`, how many runs it has, its workflows' states, how many of its jobs have passed, the
-- repository that it works on, and the project of Podium's making whose that is.
SELECT title, state = 'complete', CASE WHEN source LIKE 'github:%#%' THEN replace(substr(source, 8), '#', '/issues/') ELSE '' END,
  (SELECT count(*) FROM workflow AS w WHERE w.project = p.id),
  state || ': ' || (SELECT string_agg(w.name || ' ' || w.state, ', ') FROM workflow AS w WHERE w.project = p.id) || '; '
    || (SELECT count(*) FILTER (WHERE j.state = 'passed') || ' of ' || count(*) FROM job AS j WHERE j.project = p.id),
  coalesce(repository_url, ''),
  coalesce((SELECT max(project) FROM outside AS o WHERE key > 'gh:@' AND key < 'gh:A'
    AND p.repository_url LIKE '/%/projects/' || o.project || '/repository'), '')
FROM project AS p WHERE id = ?
