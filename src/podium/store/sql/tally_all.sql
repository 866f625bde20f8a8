-- Every count that is kept.
SELECT subject, state, n
FROM tally
ORDER BY subject, state
