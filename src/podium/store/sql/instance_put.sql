-- A new instance, or what an operator made of one.
INSERT INTO instance (name, queue, role, drained, retired, ending, quarantined)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
  queue = excluded.queue, role = excluded.role, drained = excluded.drained, retired = excluded.retired,
  ending = excluded.ending, quarantined = excluded.quarantined
