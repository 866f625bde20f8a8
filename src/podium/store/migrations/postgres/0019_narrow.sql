-- What few jobs are goes into narrow tables, which a trigger keeps: a row of `job` then changes in its page, and none of
-- its indexes is written (HOT). An index on what changes, also a partial one, has every change write all of them.
-- Nobody writes until this is done; who waits for the leader's row holds nothing else.
LOCK TABLE leader IN EXCLUSIVE MODE;

CREATE TABLE running (job bigint PRIMARY KEY, instance text COLLATE "C" NOT NULL);

-- No instance ever runs two jobs. What an instance loses and gains at once changes nothing here.
CREATE TABLE busy (
  instance text COLLATE "C" PRIMARY KEY,
  jobs bigint NOT NULL CHECK (jobs IN (0, 1))
) WITH (fillfactor = 50);

-- Jobs that stand aside: held, delayed or dead, `at` since when, until when, or when they were leased.
CREATE TABLE aside (
  job bigint PRIMARY KEY,
  state text COLLATE "C" NOT NULL,
  project text COLLATE "C" NOT NULL,
  workflow text COLLATE "C" NOT NULL,
  at double precision NOT NULL
);
CREATE INDEX aside_at ON aside (state, at);
CREATE INDEX aside_held ON aside (project, workflow, job) WHERE state = 'held';

CREATE FUNCTION job_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO running SELECT id, instance FROM after WHERE state = 'running';
  INSERT INTO busy SELECT instance, count(*) FROM after WHERE state = 'running' GROUP BY instance
  ON CONFLICT (instance) DO UPDATE SET jobs = busy.jobs + excluded.jobs;
  INSERT INTO aside
  SELECT id, state, project, workflow, CASE state WHEN 'dead' THEN leased_at ELSE ready_at END
  FROM after WHERE state IN ('held', 'delayed', 'dead');
  RETURN NULL;
END $$;

CREATE FUNCTION job_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM running USING before WHERE before.state = 'running' AND running.job = before.id;
  UPDATE busy SET jobs = busy.jobs - 1 FROM before WHERE before.state = 'running' AND busy.instance = before.instance;
  DELETE FROM aside USING before WHERE before.state IN ('held', 'delayed', 'dead') AND aside.job = before.id;
  RETURN NULL;
END $$;

CREATE FUNCTION job_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM running USING before WHERE before.state = 'running' AND running.job = before.id;
  INSERT INTO running SELECT id, instance FROM after WHERE state = 'running';
  WITH gained AS MATERIALIZED (
    SELECT instance, sum(n) AS jobs
    FROM (
      SELECT instance, -1 AS n FROM before WHERE state = 'running'
      UNION ALL
      SELECT instance, 1 FROM after WHERE state = 'running') AS either
    GROUP BY instance
    HAVING sum(n) <> 0
  ), lost AS (
    UPDATE busy SET jobs = busy.jobs + gained.jobs FROM gained WHERE gained.jobs < 0 AND busy.instance = gained.instance
  )
  INSERT INTO busy SELECT instance, jobs FROM gained WHERE jobs > 0
  ON CONFLICT (instance) DO UPDATE SET jobs = busy.jobs + excluded.jobs;
  DELETE FROM aside USING before WHERE before.state IN ('held', 'delayed', 'dead') AND aside.job = before.id;
  INSERT INTO aside
  SELECT id, state, project, workflow, CASE state WHEN 'dead' THEN leased_at ELSE ready_at END
  FROM after WHERE state IN ('held', 'delayed', 'dead');
  RETURN NULL;
END $$;

CREATE TRIGGER job_came AFTER INSERT ON job
REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION job_came();
CREATE TRIGGER job_went AFTER DELETE ON job
REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION job_went();
CREATE TRIGGER job_changed AFTER UPDATE ON job
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION job_changed();

INSERT INTO running SELECT id, instance FROM job WHERE state = 'running';
INSERT INTO busy SELECT instance, 1 FROM running;
INSERT INTO aside
SELECT id, state, project, workflow, CASE state WHEN 'dead' THEN leased_at ELSE ready_at END
FROM job WHERE state IN ('held', 'delayed', 'dead');
DROP INDEX job_held, job_delayed, job_running, job_dead, job_held_since;

-- Room in each page for the next version of its rows.
ALTER TABLE job SET (fillfactor = 60);
ALTER TABLE workflow SET (fillfactor = 60);
ALTER TABLE project SET (fillfactor = 80);
ALTER TABLE tally SET (fillfactor = 30);
ALTER TABLE hourly SET (fillfactor = 30);
ALTER TABLE wait SET (fillfactor = 50);

-- The embedded store does not check these either; each took a look at another table for every row.
ALTER TABLE project DROP CONSTRAINT project_pipeline_fkey;
ALTER TABLE document DROP CONSTRAINT document_project_fkey;
ALTER TABLE intake DROP CONSTRAINT intake_project_fkey;
ALTER TABLE workflow DROP CONSTRAINT workflow_project_fkey;
ALTER TABLE input DROP CONSTRAINT input_project_fkey;
ALTER TABLE run DROP CONSTRAINT run_project_fkey;
