-- Whether an instance has read a message.
SELECT 1 FROM receipt WHERE message = ? AND instance = ?
