-- When a project's first job that was given time may begin.
SELECT min(ready_at) FROM job WHERE project = ? AND state = 'delayed' AND attempt = 0
