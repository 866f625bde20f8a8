-- A new job.
INSERT INTO job (id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks,
  priority, rank, ready_at, leased_at, instance, avoid, routed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
