-- For which queues projects wait, and how many, from the tally; '/' is the character after '.'.
SELECT substr(subject, length('input.') + 1), n
FROM tally
WHERE subject > 'input.' AND subject < 'input/' AND state = 'waiting' AND n > 0
