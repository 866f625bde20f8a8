-- The newest of a kind.
SELECT key, project, about, at_wall FROM outside WHERE kind = ? AND at_wall < ? ORDER BY at_wall DESC LIMIT ?
