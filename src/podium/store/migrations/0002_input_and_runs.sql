-- Projects that wait for room, further runs of a workflow, and a project's share of the capacity.

-- Accepted, but without jobs yet. `queue` is that of the project's first workflow; `rank` is the order in it.
CREATE TABLE input (
  project TEXT PRIMARY KEY REFERENCES project,
  queue TEXT NOT NULL,
  rank REAL NOT NULL,
  since REAL NOT NULL,
  paused INTEGER NOT NULL,
  reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX input_order ON input (queue, paused, rank, project);
CREATE INDEX input_oldest ON input (since);

-- Runs of a workflow after its first. `name` is what `workflow.name` and `job.workflow` say of it, such as `content@2`.
CREATE TABLE run (
  project TEXT NOT NULL REFERENCES project,
  workflow TEXT NOT NULL,
  version TEXT NOT NULL,
  name TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (project, workflow, version)
) WITHOUT ROWID;
CREATE UNIQUE INDEX run_by_name ON run (project, name);

ALTER TABLE project ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;

-- Open reviews are counted from now on.
INSERT INTO tally (subject, state, n) SELECT '.review', 'open', count(*) FROM review WHERE state = 'open' HAVING count(*) > 0;
