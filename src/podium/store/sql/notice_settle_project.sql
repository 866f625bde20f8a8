-- What an ended project asked a person for needs nobody any more.
UPDATE notice SET settled_wall = ?, settled_by = ? WHERE settled_wall IS NULL AND needs_you = 1 AND project = ?
