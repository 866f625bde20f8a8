-- What a job made; made again, it replaces the earlier one.
INSERT INTO artifact (project, kind, key, job, step, position, title, data, path)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project, kind, key) DO UPDATE SET
  job = excluded.job, step = excluded.step, position = excluded.position,
  title = excluded.title, data = excluded.data, path = excluded.path
