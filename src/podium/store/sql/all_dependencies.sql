-- Which job waits, or waited, for which.
SELECT job, dependant
FROM dependency
