-- Remove one artifact.
DELETE FROM artifact WHERE project = ? AND kind = ? AND key = ?
