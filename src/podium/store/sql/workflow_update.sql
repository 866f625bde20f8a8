-- Where a workflow run stands; when it began is fixed.
UPDATE workflow SET state = ?3, counts = ?4, open = ?5, admitted = ?6, held = ?7, completed_at = ?9
WHERE project = ?1 AND name = ?2
