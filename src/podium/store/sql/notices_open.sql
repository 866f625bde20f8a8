-- How many notices nobody has taken note of (they are few: old ones go), and how many of them need somebody.
SELECT count(*), coalesce(sum(needs_you), 0) FROM notice WHERE settled_wall IS NULL
