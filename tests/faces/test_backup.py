"""A backup taken while agents work becomes a home that finishes the work, and the original does so too."""

import shutil
from pathlib import Path

import pytest

from tests.crash.verdicts import judge
from tests.faces.command_line import CommandLine

FEATURES = 3
DOCUMENT = "# Words\n\n## Features\n\n" + "".join(
    f"- {name}: {name.lower()} of a text\n" for name in ("Count words", "Count lines", "Find the longest word")
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


@pytest.mark.requirement("OPS-1")
def test_trouble_with_a_backup_says_what_to_do(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    done = podium("backup", str(tmp_path / "b.tar"))
    assert (done.returncode, "no Podium home" in done.stderr) == (3, True), done.stderr
    (tmp_path / "bad.tar").write_bytes(b"nothing of the kind" * 1000)
    done = podium("restore", str(tmp_path / "bad.tar"), "--home", str(tmp_path / "new"))
    assert (done.returncode, "use another backup" in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "new").exists()
