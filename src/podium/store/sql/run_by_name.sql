-- What a further run is for.
SELECT version, reason FROM run WHERE project = ? AND name = ?
