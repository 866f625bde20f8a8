-- Reviews, open or all, the oldest first.
SELECT r.id, r.project, r.job, j.workflow, j.step, j.item, r.kind, r.state, r.reason, r.opened_at, r.decided_by, r.notes
FROM review AS r
JOIN job AS j ON j.id = r.job
WHERE (r.state = 'open' OR ? = 1) AND (? = '' OR r.project = ?)
ORDER BY r.id DESC
LIMIT ?
