-- What every workflow run says of its jobs.
SELECT project, name, counts, open, admitted, held
FROM workflow
