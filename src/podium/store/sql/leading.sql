-- Whether a node's epoch is the present one; while the transaction lasts, no other can begin.
SELECT 1 FROM leader WHERE epoch = ? FOR KEY SHARE
