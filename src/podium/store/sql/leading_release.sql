-- The leader of an epoch leaves: a successor need not wait.
UPDATE leader SET renewed = '-infinity' WHERE epoch = ? RETURNING epoch
