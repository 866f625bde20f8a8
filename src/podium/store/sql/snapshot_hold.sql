-- The first question chooses the commit that all later ones see.
SELECT max(seq) FROM event
