-- Every review, as the checkers read it.
SELECT id, job, kind, state
FROM review
ORDER BY id
