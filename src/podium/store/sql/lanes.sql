-- Every lane that holds a ready job.
SELECT DISTINCT queue, lane FROM ready
