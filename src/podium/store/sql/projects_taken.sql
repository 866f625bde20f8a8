-- Which of these ids, a JSON array, are those of projects.
SELECT id FROM project WHERE id IN (SELECT value FROM json_each(?))
