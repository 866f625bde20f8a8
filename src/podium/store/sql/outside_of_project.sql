-- Everything of a project outside.
SELECT key, about FROM outside WHERE project = ? AND kind <> 'delivery'
