-- Remove what a job was told.
DELETE FROM feedback WHERE job = ?
