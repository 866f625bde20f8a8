-- The run of a workflow that a version has.
SELECT name FROM run WHERE project = ? AND workflow = ? AND version = ?
