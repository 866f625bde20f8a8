-- A project's job by its place in the pipeline.
SELECT id FROM job WHERE project = ? AND workflow = ? AND step = ? AND item = ?
