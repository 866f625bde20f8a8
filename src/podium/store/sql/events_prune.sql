-- Cut the log's beginning off.
DELETE FROM event WHERE seq < ?
