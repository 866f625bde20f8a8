-- A job's scheduling half as the laws left it.
UPDATE job
SET queue = ?, lane = ?, state = ?, blockers = ?, attempt = ?, failures = ?, reworks = ?, priority = ?, rank =
  ?, ready_at = ?, leased_at = ?, instance = ?, avoid = ?, routed = ?
WHERE id = ?
