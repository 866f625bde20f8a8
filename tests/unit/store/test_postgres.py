"""What PostgreSQL itself holds the store to, and what becomes of a database of the version before."""

from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

import psycopg
import pytest

from podium.domain.errors import Defect, UnsafeStore
from podium.domain.job import Job
from podium.store.postgres import PostgresRows, connect, migrate
from tests import databases
from tests.unit.store.desk import Desk

POSTGRES = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
BEFORE: Final = 18
"""The version whose tables have an index on `job` for each state that few jobs are in."""
STATES: Final = ("waiting", "held", "delayed", "ready", "running", "dead", "passed")

LEASE: Final = "UPDATE job SET state = 'running', instance = %s WHERE id = %s"
LEASED_AT_ONCE: Final = """
INSERT INTO job
SELECT made.* FROM job, jsonb_populate_record(job, '{"id": 1000000, "item": "another"}') AS made WHERE job.id = %s
"""
PASSED_ON: Final = """
UPDATE job SET state = CASE id WHEN %s THEN 'passed' ELSE 'running' END, instance = %s WHERE id IN (%s, %s)
"""
OLDER_JOBS: Final = """
INSERT INTO job (id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed)
SELECT n, 'p', 'w', 's', n, 'q', '', (%s::text[])[n], 0, 1, 0, 0, 50, n, 100 + n, 200 + n, 'i-' || n, '', ''
FROM generate_series(1, %s) AS n
"""


@pytest.fixture
def older(postgres: databases.Postgres) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database whose tables are of the version before."""
    scripts = resources.files("podium.store").joinpath("migrations", "postgres").iterdir()
    with psycopg.connect(postgres.url, autocommit=True) as administrator:
        administrator.execute("CREATE DATABASE older")
        with psycopg.connect(
            postgres.url, dbname="older", autocommit=True, cursor_factory=psycopg.RawCursor
        ) as connection:
            for script in sorted((s for s in scripts if s.name.endswith(".sql")), key=lambda script: script.name):
                if int(script.name[:4]) <= BEFORE:
                    connection.execute(script.read_text("utf-8").encode())
            rows = PostgresRows(connection)
            rows.one("schema_table")
            rows.one("schema_note", (BEFORE,))
            yield connection
        administrator.execute("DROP DATABASE older")


@POSTGRES
def test_no_instance_runs_two_jobs_whatever_is_written(postgres: databases.Postgres) -> None:
    desk = Desk()
    desk.submit("one")
    desk.submit("two")
    running = desk.lease()[0].job
    other = next(
        id_ for id_, *_, state in desk.store.rows.all("jobs_some_of_project", ("two", 99)) if state != "running"
    )
    with psycopg.connect(postgres.url) as connection:
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(LEASE, (running.instance, other))
        connection.rollback()
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(LEASED_AT_ONCE, (running.id,))
        connection.rollback()
        connection.execute(PASSED_ON, (running.id, running.instance, running.id, other))
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(LEASE, (running.instance, running.id))
        connection.rollback()


@POSTGRES
def test_a_job_changes_in_its_page_and_no_index_is_written(postgres: databases.Postgres) -> None:
    """What is indexed of a job never changes: all else may, without a look at an index."""
    with psycopg.connect(postgres.url) as connection:
        indexed = connection.execute(
            "SELECT DISTINCT a.attname::text FROM pg_index AS i JOIN pg_attribute AS a"
            " ON a.attrelid = i.indexrelid WHERE i.indrelid = 'job'::regclass"
        ).fetchall()
        partial = connection.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'job'::regclass AND indpred IS NOT NULL"
        )
        assert partial.fetchone() == (0,)
    assert {name for (name,) in indexed} == {"id", "project", "workflow", "step", "item"}


@POSTGRES
def test_a_database_of_the_version_before_is_brought_up_to_date(older: psycopg.Connection[Any]) -> None:
    with psycopg.connect(older.info.dsn, autocommit=True) as writer:
        writer.execute(OLDER_JOBS, (list(STATES), len(STATES)))
    migrate(older)
    migrate(older)  # has nothing to do
    rows = PostgresRows(older)
    by_state = {job.state: [job] for job in map(Job._make, rows.all("all_jobs"))}
    assert list(by_state) == list(STATES)
    assert [Job._make(row) for row in rows.all("jobs_running")] == by_state["running"]
    assert [Job._make(row) for row in rows.all("jobs_dead_longest", (9,))] == by_state["dead"]
    assert rows.all("jobs_held_first", ("p", "w", 9)) == [(by_state["held"][0].id,)]
    assert rows.all("jobs_due", (by_state["delayed"][0].ready_at,)) == [(by_state["delayed"][0].id,)]


def test_what_the_database_refuses_in_the_midst_changes_nothing_and_the_next_command_goes_through() -> None:
    desk = Desk()
    desk.submit("before")
    before = desk.store.rows.one("numbers")
    in_the_way = before[0] + 1
    nobodys = Job(in_the_way, "nobody", "w", "s", "", "q", "", "waiting", 0, 0, 0, 0, 50, 0.0, 0.0, 0.0, "", "", "")
    desk.store.rows.many("job_insert", [nobodys])
    (answer,) = desk.store.run([desk.submission("refused")], desk.now, desk.now)
    assert isinstance(answer, Defect)
    assert "duplicate" in str(answer) or "UNIQUE" in str(answer)
    assert desk.store.rows.all("projects_taken", ('["refused"]',)) == []
    assert desk.store.rows.one("numbers")[1:] == before[1:]
    desk.store.rows.many("job_prune", [(in_the_way,)])
    assert desk.submit("refused") == "refused"


@POSTGRES
def test_a_database_that_cannot_keep_every_text_is_refused(postgres: databases.Postgres) -> None:
    """Text comes as bytes from one without an encoding: a cluster that was made without a locale has it so."""
    with psycopg.connect(postgres.url, autocommit=True) as administrator:
        administrator.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(UnsafeStore, match=r"keeps text as SQL_ASCII.*--encoding UTF8"):
        connect(postgres.url.replace("/postgres?", "/ascii?"))
