-- Where messages may be unread: project, address and when the newest was sent. Of projects that go on, or of none.
SELECT project, address, max(sent_at)
FROM message
WHERE closed_at IS NULL AND (project = '' OR project IN (SELECT id FROM project WHERE state = 'open'))
GROUP BY project, address
ORDER BY project, address
