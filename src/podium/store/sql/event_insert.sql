-- One line of the log.
INSERT INTO event (seq, at_wall, type, project, workflow, job, attempt, instance, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
