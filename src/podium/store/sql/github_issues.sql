-- A project's features: key, title, what it is to be, and the job that merges it (0 for none yet).
SELECT key, coalesce(nullif(data ->> 'title', ''), key), coalesce(data ->> 'detail', ''), coalesce((
  SELECT max(id) FROM job WHERE job.project = artifact.project AND item = key AND queue = 'podium'), 0)
FROM artifact
WHERE project = ? AND kind = 'issue'
ORDER BY position, key
