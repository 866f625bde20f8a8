-- A project waits no more.
DELETE FROM input WHERE project = ?
