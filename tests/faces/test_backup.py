"""A backup taken while agents work becomes a home that finishes the work, and the original does so too."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import databases
from tests.crash.verdicts import SHARED, judge
from tests.faces.command_line import CommandLine

FEATURES = 2
DOCUMENT = "# Words\n\n## Features\n\n" + "".join(
    f"- {name}: {name.lower()} of a text\n" for name in ("Count words", "Count lines")
)


@pytest.mark.requirement("OPS-1", "EVT-1")
@pytest.mark.timeout(400)
def test_a_backup_of_a_home_at_work_finishes_in_another(tmp_path: Path) -> None:
    old = CommandLine(tmp_path / "home")
    old.ask("up")
    old.ask("submit", old.document("words.md", DOCUMENT))
    busy = "answer['attempts'].get('pass', 0) >= 6 and answer['jobs'].get('running')"
    old.until(busy, "project", "words")

    taken = old.ask("backup", str(tmp_path / "words.tar.gz"))

    assert taken["projects"] == taken["repositories"] == 1
    new = CommandLine(tmp_path / "new")
    made = new.ask("restore", str(tmp_path / "words.tar.gz"), "--home", str(new.home))
    assert made["given_back"] > 0
    assert made["events"] == taken["events"]
    new.ask("up")
    for podium in (old, new):
        podium.until("answer['state'] == 'complete'", "project", "words", seconds=180)
        podium.ask("down")
        assert judge(podium.home, {"words": FEATURES})[:3] == ([], [], [])
    charged = [e for e in new.ask("events", "--limit", "10000")["events"] if e["type"] == "job.retried"]
    assert charged == [], "a restore charged somebody a retry"
    url = new.ask("outputs", "words")["outputs"][0]["url"]
    assert url.startswith(new.home.as_uri())
    shutil.rmtree(old.home)
    assert Path(url.removeprefix("file://")).exists()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[CommandLine]:
    """A home whose state is in a PostgreSQL of its own, with a node at work."""
    with databases.server() as server:
        old = CommandLine(tmp_path / "home")
        SHARED[old.home] = databases.url_of(server.pgdata)
        old.home.mkdir()
        (old.home / "podium.toml").write_text(f'[store]\nurl = "{SHARED[old.home]}"\n')
        old.ask("up")
        old.until("True", "whoami")
        yield old
        old("down")
        del SHARED[old.home]


@pytest.mark.requirement("OPS-1", "DST-1")
@pytest.mark.timeout(400)
def test_a_backup_of_a_home_on_postgresql_at_work_finishes_with_a_database_of_its_own(
    shared: CommandLine, tmp_path: Path
) -> None:
    shared.ask("submit", shared.document("words.md", DOCUMENT))
    busy = "answer['attempts'].get('pass', 0) >= 6 and answer['jobs'].get('running')"
    shared.until(busy, "project", "words")

    taken = shared.ask("backup", str(tmp_path / "words.tar.gz"))
    assert shared.ask("db", "check")["ok"]

    assert (taken["projects"], taken["repositories"], len(taken["notes"])) == (1, 1, 1)
    new = CommandLine(tmp_path / "new")
    made = new.ask("restore", str(tmp_path / "words.tar.gz"), "--home", str(new.home))
    assert (made["events"], made["given_back"] > 0, made["notes"]) == (taken["events"], True, taken["notes"])
    assert "postgresql://" not in (new.home / "podium.toml").read_text()
    assert new.ask("db", "check")["ok"]
    new.ask("up")
    for podium in (shared, new):
        podium.until("answer['state'] == 'complete'", "project", "words", seconds=180)
        podium.ask("down")
        assert judge(podium.home, {"words": FEATURES})[:3] == ([], [], [])
        assert podium.ask("db", "check")["ok"]

    kept = shared.ask("db", "backup", str(shared.home / "podium.sqlite"))
    (shared.home / "podium.toml").unlink()
    assert shared.ask("project", "words")["state"] == "complete", "the home has gone back to a database of its own"
    assert shared.ask("events", "--limit", "1")["last"] == kept["events"]
    assert shared.ask("db", "migrate") == {"before": kept["schema"], "schema": kept["schema"]}


@pytest.mark.requirement("OPS-1")
def test_what_is_said_of_a_state_to_people(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    podium.ask("init")
    podium.ask("submit", podium.document("words.md", DOCUMENT))
    said = podium("db", "check")
    assert (said.returncode, "The state is whole (schema " in said.stdout) == (0, True), said
    with closing(sqlite3.connect(podium.home / "podium.sqlite")) as database, database:
        database.execute("UPDATE tally SET n = 7 WHERE subject = 'projects'")
    said = podium("db", "check")
    assert said.returncode == 1
    assert "▸ the counter projects, open says 7, there are 1" in said.stdout
    assert "1 check failed" in said.stdout
    file = str(tmp_path / "state.sqlite")
    assert podium("db", "backup", file).stdout.startswith(f"{file}: ")
    assert Path(file).stat().st_mode & 0o777 == 0o600
    assert "there already" in podium("db", "backup", file).stderr
    assert podium("db", "migrate").stdout.startswith("Up to date: ")
    podium.ask("up")
    said = podium("db", "migrate")
    assert (said.returncode != 0, "runs on" in said.stderr) == (True, True), said
    podium.ask("down")
    podium.env["PODIUM_TOKEN"] = "somebody's"
    assert "Only the home's own user" in podium("db", "check").stderr


@pytest.mark.requirement("OPS-1")
def test_trouble_with_a_backup_says_what_to_do(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    done = podium("backup", str(tmp_path / "b.tar"))
    assert (done.returncode, "no Podium home" in done.stderr) == (3, True), done.stderr
    (tmp_path / "bad.tar").write_bytes(b"nothing of the kind" * 1000)
    done = podium("restore", str(tmp_path / "bad.tar"), "--home", str(tmp_path / "new"))
    assert (done.returncode, "use another backup" in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "new").exists()
