-- A project's jobs that are not done.
SELECT id FROM job WHERE project = ? AND state NOT IN ('passed', 'cancelled') ORDER BY id
