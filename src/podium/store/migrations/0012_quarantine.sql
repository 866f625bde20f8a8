-- An instance whose attempts keep dying, each at another job, gets no work until somebody has looked at it.
ALTER TABLE instance ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
