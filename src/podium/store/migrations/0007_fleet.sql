-- The fleet as operators have it: one row for every instance there ever was, so that no name is used for another role.
CREATE TABLE instance (
  name TEXT PRIMARY KEY,
  queue TEXT NOT NULL,
  role TEXT NOT NULL,
  drained INTEGER NOT NULL DEFAULT 0,
  retired INTEGER NOT NULL DEFAULT 0,
  ending TEXT NOT NULL DEFAULT ''
);

-- What an operator has said of a queue; a strategy that is empty is the configuration's to choose.
CREATE TABLE queue_setting (
  queue TEXT PRIMARY KEY,
  drained INTEGER NOT NULL DEFAULT 0,
  strategy TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
