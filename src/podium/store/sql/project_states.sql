-- Every project and its state.
SELECT id, state
FROM project
