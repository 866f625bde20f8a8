-- Every ended attempt and what became of its job.
SELECT job, number, verdict, ending
FROM attempt
