-- Whether a node's epoch is the present one.
SELECT 1 FROM leader WHERE epoch = ?
