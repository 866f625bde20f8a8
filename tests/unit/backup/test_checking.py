"""Each check of a home's state finds the fault that is planted for it, in either store, and nothing else."""

import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from podium.backup import checking
from podium.backup.checking import CHECKS, check
from podium.backup.snapshot import migrate
from podium.domain.command import Verdict
from podium.domain.errors import NotFound, UnsafeStore
from podium.domain.job import Job
from podium.store.store import DATABASE
from tests.unit.backup.conftest import Kept

pytestmark = pytest.mark.requirement("OPS-1", "DST-1")

LATER: Final = Verdict("retry", "not now", delay_seconds=300.0)
ANOTHER_RUNNING: Final = """
UPDATE job SET state = 'running', attempt = 1, instance = (SELECT max(instance) FROM job WHERE state = 'running')
WHERE id = (SELECT max(id) FROM job WHERE state = 'ready')
"""
MORE_OPEN: Final = "UPDATE tally SET n = n + 1 WHERE subject = '{0}' AND state = '{1}'"
PLANTS: Final[dict[str, tuple[str, ...]]] = {
    "DELETE FROM event WHERE seq IN (3, 5)": ("events", "event 4 follows on 2"),
    "DELETE FROM event WHERE seq < 3": ("events", "the first event is 3, it should be 1"),
    MORE_OPEN.format("projects", "open"): ("counters", "the counter projects, open says 3, there are 2"),
    MORE_OPEN.format("genesis", "ready"): ("counters", "the counter genesis, ready says"),
    MORE_OPEN.format("workflow.genesis", "completed"): (
        "counters",
        "the counter workflow.genesis, completed says 3, there are 2",
    ),
    "DELETE FROM tally WHERE subject = 'lane:genesis/analysis'": (
        "counters",
        "the counter lane:genesis/analysis, ready",
    ),
    "UPDATE workflow SET open = open + 1 WHERE name = 'development'": (
        "runs",
        "r/development says 14 open, 3 admitted, 0 held; there are 13, 3, 0",
    ),
    "UPDATE workflow SET held = 9 WHERE project = 'q'": ("runs", "9 held; there are 4, 1, 0"),
    "UPDATE workflow SET counts = replace(counts, '[1,', '[4,') WHERE project = 'q'": (
        "chains",
        "q/genesis says 4 chains in its state number 0, there are 1",
    ),
    "DELETE FROM ready": ("ready", "is ready and does not stand in genesis/"),
    "INSERT INTO ready SELECT queue, lane, rank + 1, id FROM job WHERE state = 'ready'": (
        "ready",
        "is not ready there",
    ),
    "UPDATE job SET attempt = 0, instance = '' WHERE state = 'running'": ("running", "runs as attempt 0 on"),
    "UPDATE job SET blockers = blockers + 1 WHERE id = (SELECT max(id) FROM job WHERE state = 'waiting')": (
        "blockers",
        "and says that it waits for 3; it waits for 2",
    ),
    "DELETE FROM dependency WHERE job IN (SELECT id FROM job WHERE project = 'q')": (
        "blockers",
        "is waiting and says that it waits for 1; it waits for 0",
    ),
    "UPDATE review SET state = 'approved'": ("reviews", "is in_review, with 0 open reviews", "counters"),
    "DELETE FROM document WHERE project = 'q'": ("projects", "the project q has no document"),
    "UPDATE project SET pipeline = 'lost' WHERE id = 'q'": (
        "projects",
        "the project q has no pipeline lost",
        "counters",
        "chains",
    ),
    "DELETE FROM workflow WHERE project = 'q'": (
        "projects",
        "the project q has no run of a workflow and waits for no room",
        "counters",
    ),
    "INSERT INTO input SELECT id, 'genesis', 0, 0, 0, '' FROM project WHERE id = 'p'": (
        "projects",
        "the project p waits for room although it is complete",
        "counters",
    ),
}
"""What is planted; which check finds it, in what words, and which others do."""
ON_SQLITE: Final[dict[str, tuple[str, ...]]] = {
    f"DROP INDEX job_running; {ANOTHER_RUNNING}": ("running", "runs 2 jobs", "states", "counters", "ready", "chains"),
    """
    DROP INDEX job_running;
    CREATE UNIQUE INDEX job_running ON job (instance) WHERE state = 'nobody';
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, 'nobody', 'running') WHERE name = 'job_running';
    PRAGMA writable_schema = RESET;
    """: ("states", "is running and is not found so", "file"),
}
ON_POSTGRESQL: Final[dict[str, tuple[str, ...]]] = {
    f"ALTER TABLE job DISABLE TRIGGER USER; {ANOTHER_RUNNING}; ALTER TABLE job ENABLE TRIGGER USER": (
        "running",
        "runs 2 jobs",
        "states",
        "counters",
        "ready",
        "chains",
    ),
    "DELETE FROM running": ("states", "is running and the table running does not say so"),
    "DELETE FROM aside WHERE state = 'delayed'": ("states", "is delayed and the table aside does not say so"),
    "UPDATE aside SET at = at + 1 WHERE state = 'delayed'": ("states", "the table aside does not say so"),
    "INSERT INTO aside SELECT id, 'dead', project, workflow, 0 FROM job WHERE state = 'ready'": (
        "states",
        "which is not dead",
    ),
    "INSERT INTO running SELECT id, 'nobody' FROM job WHERE state = 'ready'": (
        "states",
        "which does not run on nobody",
    ),
    "UPDATE busy SET jobs = 0": ("states", "the table busy says 0 jobs of the instance"),
}


@pytest.fixture
def state(kept: Kept) -> Kept:
    """A home with jobs in nearly every state: p has ended, r is at work, q has just begun."""
    desk = kept.desk
    desk.finish(kept.lease)
    desk.finish(desk.run_to("publish"))
    desk.submit("r")
    desk.finish(desk.run_to("tests", issues=3), LATER)
    first, *_ = desk.lease()
    desk.finish(first, Verdict("escalate", "who knows", review="quality"))
    desk.submit("q")
    states = {job.state for job in map(Job._make, desk.store.rows.all("all_jobs"))}
    assert states >= {"waiting", "ready", "running", "delayed", "in_review", "passed"}
    return kept


def do(kept: Kept, statements: str) -> None:
    if kept.url:
        with psycopg.connect(kept.url, autocommit=True) as connection:
            connection.execute(statements.encode())
    else:
        kept.desk.sqlite.connection.execute(statements)


def failed(found: dict[str, Any]) -> dict[str, list[str]]:
    return {each["name"]: each["found"] for each in found["checks"] if each["found"]}


def test_nothing_is_found_where_nothing_is_wrong(state: Kept) -> None:
    found = check(state.path)
    assert failed(found) == {}
    assert found["ok"]
    assert [each["name"] for each in found["checks"]] == ["schema", *CHECKS]


def expect(kept: Kept, plant: str, expected: tuple[str, ...]) -> None:
    do(kept, plant)
    name, words, *others = expected
    found = check(kept.path)
    wrong = failed(found)
    assert not found["ok"]
    assert any(words in line for line in wrong.get(name, ())), wrong
    assert wrong.keys() == {name, *others}, wrong


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found_by_its_check(state: Kept, plant: str) -> None:
    expect(state, plant, PLANTS[plant])


@pytest.mark.parametrize("plant", ON_SQLITE)
@pytest.mark.parametrize("kept", ["sqlite"], indirect=True)
def test_a_fault_of_sqlite_alone_is_found(state: Kept, plant: str) -> None:
    expect(state, plant, ON_SQLITE[plant])


@pytest.mark.parametrize("plant", ON_POSTGRESQL)
@pytest.mark.parametrize("kept", ["postgresql"], indirect=True)
def test_a_fault_of_postgresql_alone_is_found(state: Kept, plant: str) -> None:
    expect(state, plant, ON_POSTGRESQL[plant])


@pytest.mark.parametrize("kept", ["postgresql"], indirect=True)
def test_an_index_that_nobody_may_use_is_found(state: Kept) -> None:
    valid = "UPDATE pg_index SET indisvalid = {} WHERE indexrelid = 'job_of_project'::regclass"
    try:
        expect(state, valid.format(False), ("file", "the index job_of_project is not valid"))
    finally:
        do(state, valid.format(True))


@pytest.mark.parametrize("kept", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("damaged", "name"), [("job_of_project", "file"), ("job", "ready"), ("event", "")])
def test_a_damaged_file_is_told_of_and_breaks_nothing_off(state: Kept, damaged: str, name: str) -> None:
    state.desk.store.close()
    file = state.path / DATABASE
    with closing(sqlite3.connect(file)) as reader:
        (page,) = reader.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (damaged,)).fetchone()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        opened.write(b"\x55" * 4096)
    if not name:
        with pytest.raises(UnsafeStore, match="restore the last backup"):
            check(state.path)
        return
    wrong = failed(check(state.path))
    assert wrong["file"]
    assert wrong[name]


def test_another_schema_is_told_of_and_nothing_else_looked_at(state: Kept) -> None:
    newest = check(state.path)["schema"]
    say = ("UPDATE schema_version SET version = {0} WHERE version > 17", "PRAGMA user_version = {0}")[not state.url]
    try:
        for number in (newest - 1, newest + 1):
            do(state, say.format(number))
            found = check(state.path)
            assert (found["schema"], found["ok"], len(found["checks"])) == (number, False, 1)
            assert f"schema {number}, this Podium knows {newest}" in found["checks"][0]["found"][0]
    finally:
        do(state, say.format(newest))


def test_many_faults_are_told_of_in_part(state: Kept) -> None:
    do(state, "DELETE FROM event WHERE seq % 2 = 0")
    assert len(failed(check(state.path))["events"]) == checking.FOUND_MAX


@pytest.mark.parametrize("kept", ["sqlite"], indirect=True)
def test_a_home_of_the_version_before_is_brought_up_to_date(state: Kept) -> None:
    do(state, "DROP TABLE mark; DROP INDEX hourly_by_hour; DROP INDEX wait_by_hour; PRAGMA user_version = 17")
    state.desk.store.close()
    assert not check(state.path)["ok"]
    locked: list[Path] = []
    assert migrate(state.path, locked.append) == {"before": 17, "schema": 19}
    assert migrate(state.path, locked.append) == {"before": 19, "schema": 19}
    assert locked == [state.path, state.path]
    assert check(state.path)["ok"]
    with pytest.raises(NotFound, match="no Podium home"):
        migrate(state.path / "nowhere", locked.append)


@pytest.mark.parametrize("kept", ["postgresql"], indirect=True)
def test_a_shared_database_of_the_version_before_is_brought_up_to_date(kept: Kept) -> None:
    """Nobody is kept off it: nodes of the version before go on over the new tables."""
    newest = check(kept.path)["schema"]
    scripts = resources.files("podium.store").joinpath("migrations", "postgres").iterdir()
    do(kept, "CREATE DATABASE older")
    kept.url = kept.url.replace("/postgres?", "/older?")
    kept.settings(f'[store]\nurl = "{kept.url}"\n')
    for script in sorted((s for s in scripts if s.name.endswith(".sql")), key=lambda script: script.name):
        if int(script.name[:4]) < newest:
            do(kept, script.read_text("utf-8"))
    do(kept, f"CREATE TABLE schema_version AS SELECT {newest - 1}::bigint AS version")
    assert not check(kept.path)["ok"]
    locked: list[Path] = []
    assert migrate(kept.path, locked.append) == {"before": newest - 1, "schema": newest}
    assert locked == []
    assert check(kept.path)["ok"]
