-- What every workflow run says of its jobs.
SELECT project, name, counts, open, admitted, held, state
FROM workflow
