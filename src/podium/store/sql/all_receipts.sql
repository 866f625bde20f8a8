-- Who has read what, for the checkers.
SELECT message, instance FROM receipt ORDER BY message, instance
