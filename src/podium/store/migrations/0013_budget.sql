-- What a project may cost in USD, as somebody said; NULL where nobody did.
ALTER TABLE project ADD COLUMN budget_usd REAL;
-- Agents whose provider has said when it will answer again: until then none of their jobs is given out.
CREATE TABLE provider_pause (
  agent TEXT PRIMARY KEY,
  until REAL NOT NULL,
  since_wall REAL NOT NULL,
  until_wall REAL NOT NULL,
  reason TEXT NOT NULL
) WITHOUT ROWID;
