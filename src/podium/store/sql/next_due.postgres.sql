-- When the next delayed job is due.
SELECT min(at) FROM aside WHERE state = 'delayed' AND at > ?
