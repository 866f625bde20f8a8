-- Every lane that holds a ready job, as (queue, lane), from the tally: its subject is `lane:QUEUE/LANE`.
SELECT substr(subject, 6, instr(subject, '/') - 6), substr(subject, instr(subject, '/') + 1)
FROM tally
WHERE subject > 'lane:' AND subject < 'lane;' AND state = 'ready' AND n > 0
