-- A job that is leased, or lacks something again.
DELETE FROM ready WHERE queue = ? AND lane = ? AND rank = ? AND job = ?
