-- Some of what a project's jobs made, but for what can be opened: deployments and publications stay.
SELECT project, kind, key
FROM artifact
WHERE project = ? AND kind NOT IN ('application', 'publication')
LIMIT ?
