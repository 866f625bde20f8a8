-- How many further runs of a workflow a project has had.
SELECT count(*) FROM run WHERE project = ? AND workflow = ?
