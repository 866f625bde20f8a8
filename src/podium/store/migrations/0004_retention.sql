-- Retention: since when an ended project has only its summary, and whether it still has rows that can go.

ALTER TABLE project ADD COLUMN pruned_at REAL;
ALTER TABLE project ADD COLUMN has_rows INTEGER NOT NULL DEFAULT 1;
CREATE INDEX project_prunable ON project (ended_at) WHERE ended_at IS NOT NULL AND has_rows = 1;
