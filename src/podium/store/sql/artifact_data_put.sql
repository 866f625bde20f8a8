-- Say something else about an artifact.
UPDATE artifact SET data = ? WHERE project = ? AND kind = ? AND key = ?
