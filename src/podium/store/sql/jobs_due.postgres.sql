-- Delayed jobs whose time has come.
SELECT job FROM aside WHERE state = 'delayed' AND at <= ? ORDER BY at LIMIT 4096
