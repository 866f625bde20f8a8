-- The lanes of a queue in which jobs are ready, from the tally; '0' is the character after '/'.
SELECT substr(subject, length('lane:' || ?1 || '/') + 1)
FROM tally
WHERE subject > 'lane:' || ?1 || '/' AND subject < 'lane:' || ?1 || '0' AND state = 'ready' AND n > 0
