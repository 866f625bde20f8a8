-- The open review of a project's plan.
SELECT id
FROM review
WHERE state = 'open' AND kind = 'plan' AND project = ?
