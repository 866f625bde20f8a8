-- From here on all questions see one and the same commit.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
