-- What came in, or what is known of a thing outside now.
INSERT OR REPLACE INTO outside (key, kind, project, about, at_wall) VALUES (?, ?, ?, ?, ?)
