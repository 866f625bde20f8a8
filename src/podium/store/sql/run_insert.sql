-- A further run of a workflow.
INSERT INTO run (project, workflow, version, name, asked_by, reason) VALUES (?, ?, ?, ?, ?, ?)
