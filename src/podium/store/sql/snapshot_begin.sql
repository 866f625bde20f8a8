-- From here on all questions see one and the same commit.
BEGIN
