-- What came in from other services, and what Podium has there: what is known of it under its key.
CREATE TABLE outside (
  key TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  project TEXT NOT NULL,
  about TEXT NOT NULL,
  at_wall REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX outside_lately ON outside (kind, at_wall);
CREATE INDEX outside_of_project ON outside (project);
