-- Every instance there ever was, in the order in which they were made.
SELECT name, queue, role, drained, retired, ending, quarantined
FROM instance
ORDER BY rowid
