-- What a job asked a person for is decided.
UPDATE notice SET settled_wall = ?, settled_by = ? WHERE settled_wall IS NULL AND needs_you = 1 AND job = ?
