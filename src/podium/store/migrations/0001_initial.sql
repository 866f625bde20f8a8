-- Podium's first schema. Times are steady seconds unless a column says wall; JSON columns hold text.

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE pipeline (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE project (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  brief TEXT NOT NULL,
  type TEXT,
  complexity TEXT,
  business_value INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  repository_url TEXT,
  source TEXT NOT NULL,
  created_at REAL NOT NULL,
  pipeline TEXT NOT NULL REFERENCES pipeline,
  agent TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'complete', 'failed', 'cancelled')),
  ended_at REAL,
  boost INTEGER NOT NULL DEFAULT 0,
  paused INTEGER NOT NULL DEFAULT 0,
  plan_first INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX project_newest ON project (created_at);
CREATE INDEX project_open ON project (id) WHERE state = 'open';

CREATE TABLE document (project TEXT PRIMARY KEY REFERENCES project, text TEXT NOT NULL);

CREATE TABLE intake (idempotency_key TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project) WITHOUT ROWID;

-- One run of a workflow for a project. `counts` has the open chains per state, as a JSON array in state order.
CREATE TABLE workflow (
  project TEXT NOT NULL REFERENCES project,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  counts TEXT NOT NULL,
  open INTEGER NOT NULL,
  admitted INTEGER NOT NULL,
  held INTEGER NOT NULL,
  started_at REAL NOT NULL,
  completed_at REAL,
  PRIMARY KEY (project, name)
) WITHOUT ROWID;

CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  project TEXT NOT NULL,
  workflow TEXT NOT NULL,
  step TEXT NOT NULL,
  item TEXT NOT NULL,
  queue TEXT NOT NULL,
  lane TEXT NOT NULL,
  state TEXT NOT NULL,
  blockers INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  reworks INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  rank REAL NOT NULL,
  ready_at REAL NOT NULL,
  leased_at REAL NOT NULL,
  instance TEXT NOT NULL,
  avoid TEXT NOT NULL,
  routed TEXT NOT NULL
);
CREATE UNIQUE INDEX job_of_project ON job (project, workflow, step, item);
CREATE INDEX job_held ON job (project, workflow, id) WHERE state = 'held';
CREATE INDEX job_delayed ON job (ready_at) WHERE state = 'delayed';
-- No instance ever runs two jobs.
CREATE UNIQUE INDEX job_running ON job (instance) WHERE state = 'running';

CREATE TABLE dependency (job INTEGER NOT NULL, dependant INTEGER NOT NULL, PRIMARY KEY (job, dependant)) WITHOUT ROWID;
CREATE INDEX dependency_of ON dependency (dependant);

-- Only jobs that lack nothing but an instance; its key is the dispatch order.
CREATE TABLE ready (
  queue TEXT NOT NULL,
  lane TEXT NOT NULL,
  rank REAL NOT NULL,
  job INTEGER NOT NULL,
  PRIMARY KEY (queue, lane, rank, job)
) WITHOUT ROWID;

-- One row for each attempt that has ended: the table of why.
CREATE TABLE attempt (
  job INTEGER NOT NULL,
  number INTEGER NOT NULL,
  instance TEXT NOT NULL,
  routed TEXT NOT NULL,
  leased_at REAL NOT NULL,
  ended_at REAL NOT NULL,
  ending TEXT NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,
  summary TEXT NOT NULL,
  commit_id TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cost_usd REAL,
  PRIMARY KEY (job, number)
) WITHOUT ROWID;

CREATE INDEX attempt_of_instance ON attempt (instance, leased_at);

CREATE TABLE artifact (
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  job INTEGER NOT NULL,
  step TEXT NOT NULL,
  position INTEGER NOT NULL,
  title TEXT NOT NULL,
  data TEXT NOT NULL,
  path TEXT,
  PRIMARY KEY (project, kind, key)
) WITHOUT ROWID;

CREATE TABLE feedback (id INTEGER PRIMARY KEY, job INTEGER NOT NULL, at_wall REAL NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX feedback_of_job ON feedback (job);

CREATE TABLE review (
  id INTEGER PRIMARY KEY,
  project TEXT NOT NULL,
  job INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  opened_at REAL NOT NULL,
  decided_at REAL,
  decided_by TEXT,
  notes TEXT
);
CREATE INDEX review_open ON review (id) WHERE state = 'open';
CREATE INDEX review_of_job ON review (job);

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  at_wall REAL NOT NULL,
  type TEXT NOT NULL,
  project TEXT NOT NULL,
  workflow TEXT NOT NULL,
  job INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  instance TEXT NOT NULL,
  data TEXT NOT NULL
);

-- Counted in the transaction that changes the thing counted, so that no screen ever counts rows.
CREATE TABLE tally (subject TEXT NOT NULL, state TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (subject, state)) WITHOUT ROWID;
CREATE TABLE hourly (metric TEXT NOT NULL, hour INTEGER NOT NULL, n INTEGER NOT NULL, total REAL NOT NULL, PRIMARY KEY (metric, hour)) WITHOUT ROWID;
CREATE TABLE wait (queue TEXT NOT NULL, hour INTEGER NOT NULL, bucket INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (queue, hour, bucket)) WITHOUT ROWID;
