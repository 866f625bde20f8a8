-- A job's scheduling half as the laws left it, in the order of the `Job` record; its place in the pipeline is fixed.
UPDATE job
SET queue = ?6, lane = ?7, state = ?8, blockers = ?9, attempt = ?10, failures = ?11, reworks = ?12, priority = ?13,
  rank = ?14, ready_at = ?15, leased_at = ?16, instance = ?17, avoid = ?18, routed = ?19
WHERE id = ?1
