-- Running jobs without an instance or an attempt, and instances that run several.
SELECT 'job ' || id || ' runs as attempt ' || attempt || ' on the instance ''' || instance || ''''
FROM job
WHERE state = 'running' AND (instance = '' OR attempt < 1)
UNION ALL
SELECT 'the instance ' || instance || ' runs ' || count(*) || ' jobs'
FROM job
WHERE state = 'running'
GROUP BY instance
HAVING count(*) > 1
LIMIT ?1
