-- When the next delayed job is due.
SELECT min(ready_at) FROM job WHERE state = 'delayed' AND ready_at > ?
