-- Decisions of scaling are read from the log, the newest first.
CREATE INDEX event_scaling ON event (seq) WHERE type = 'scaling.decided';
