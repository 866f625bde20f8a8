-- Whether one of a job's failed attempts since its last success, review or burial came to its end without dying.
SELECT EXISTS (
  SELECT 1
  FROM attempt
  WHERE job = ?1 AND ending = 'finished' AND verdict = 'retry' AND number > (
    SELECT coalesce(max(number), 0) FROM attempt WHERE job = ?1 AND verdict NOT IN ('retry', 'release'))
)
