-- Jobs of a state that few are in which the index for that state does not find.
SELECT 'job ' || id || ' is ' || state || ' and is not found so'
FROM (
  SELECT id, state FROM job NOT INDEXED WHERE state IN ('running', 'held', 'delayed', 'dead')
  EXCEPT
  SELECT id, 'running' FROM job INDEXED BY job_running WHERE state = 'running'
  EXCEPT
  SELECT id, 'held' FROM job INDEXED BY job_held WHERE state = 'held'
  EXCEPT
  SELECT id, 'held' FROM job INDEXED BY job_held_since WHERE state = 'held'
  EXCEPT
  SELECT id, 'delayed' FROM job INDEXED BY job_delayed WHERE state = 'delayed'
  EXCEPT
  SELECT id, 'dead' FROM job INDEXED BY job_dead WHERE state = 'dead'
) AS lost
LIMIT ?1
