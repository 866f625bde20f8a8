-- What the dead-letter queue and the look for stuck items read, in the order in which they read it; all partial, so that
-- a job pays for one only while it is in that state.
CREATE INDEX job_dead ON job (leased_at) WHERE state = 'dead';
CREATE INDEX job_held_since ON job (ready_at) WHERE state = 'held';
ALTER TABLE project ADD COLUMN paused_at REAL;
CREATE INDEX project_paused ON project (paused_at) WHERE paused_at IS NOT NULL;
