-- Remove what a job waited for.
DELETE FROM dependency WHERE dependant = ?
