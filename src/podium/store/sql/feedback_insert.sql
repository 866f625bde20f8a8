-- Words for a job's next attempt.
INSERT INTO feedback (job, at_wall, author, text) VALUES (?, ?, ?, ?)
