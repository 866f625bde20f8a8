-- What came in, or what is known of a thing outside now.
INSERT INTO outside (key, kind, project, about, at_wall) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
  kind = excluded.kind, project = excluded.project, about = excluded.about, at_wall = excluded.at_wall
