-- The kinds of artifacts that projects, a JSON array of ids, have; of open reviews `.review`.
SELECT DISTINCT project, kind FROM artifact WHERE project IN (SELECT value FROM json_each(?1))
UNION ALL
SELECT DISTINCT project, '.review' FROM review WHERE state = 'open' AND project IN (SELECT value FROM json_each(?1))
