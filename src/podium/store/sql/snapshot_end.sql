-- No more questions about that commit.
ROLLBACK
