-- Delayed jobs whose time has come.
SELECT id FROM job WHERE state = 'delayed' AND ready_at <= ? ORDER BY ready_at LIMIT 4096
