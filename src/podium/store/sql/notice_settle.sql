-- Somebody has taken note of a notice, and perhaps of those before it.
UPDATE notice SET settled_wall = ?1, settled_by = ?2 WHERE settled_wall IS NULL AND (id = ?3 OR (?4 = 1 AND id < ?3))
