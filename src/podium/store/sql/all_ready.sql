-- Every job that only lacks an instance.
SELECT queue, lane, rank, job
FROM ready
