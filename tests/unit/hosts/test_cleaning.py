"""Whatever an agent did to its directory, cleaning removes what it can, says what it cannot, and never fails."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from podium.hosts import cleaning
from podium.workspace.layout import Home

NAME = "hello/12.a1"
_PR_CAPBSET_DROP = 24
_CAPABILITIES = (1, 2, 3)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER: what lets root pass over rights
_CLEAN = "import pathlib, sys; from podium.hosts import cleaning; print(len(cleaning.clean(pathlib.Path(sys.argv[1]))))"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An attempt that ended."""
    directory = Home(tmp_path / "home").attempt(NAME)
    (directory / "clone" / "deep" / "er").mkdir(parents=True)
    (directory / "clone" / "deep" / "er" / "file").touch()
    for name in ("exit.json", "messages.ndjson", "run.json", "assignment.json", "runner.log", "lock", "strange"):
        (directory / name).touch()
    return directory


def clean_without_privileges(directory: Path) -> int:
    """How many problems cleaning has when rights count, also for root."""
    libc = ctypes.CDLL(None)

    def drop() -> None:
        for capability in _CAPABILITIES:
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)

    done = subprocess.run(
        (sys.executable, "-c", _CLEAN, str(directory)),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=drop,
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
    )
    return int(done.stdout)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.mark.requirement("EVT-5")
@pytest.mark.parametrize("shut", [".", "..", "../..", "clone", "clone/deep/er", "clone/deep"])
def test_rights_that_were_taken_away_are_given_back(directory: Path, shut: str) -> None:
    (directory / shut).resolve().chmod(0)
    assert clean_without_privileges(directory) == 0
    assert names(directory) == {"exit.json", "messages.ndjson"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_what_belongs_to_somebody_else_is_counted_and_tried_again(directory: Path) -> None:
    theirs = directory / "clone" / "deep"
    os.chown(theirs, 65534, 65534)
    assert clean_without_privileges(directory) == 1
    assert names(directory) == {"exit.json", "messages.ndjson", "clone", "lock"}
    os.chown(theirs, 0, 0)
    assert clean_without_privileges(directory) == 0
    assert names(directory) == {"exit.json", "messages.ndjson"}


def test_a_tree_deeper_than_paths_and_recursion_go_is_removed(directory: Path) -> None:
    script = "import os\nfor _ in range(2100):\n os.mkdir('d'); os.chdir('d')"
    subprocess.run((sys.executable, "-c", script), cwd=directory / "clone", check=True, timeout=20)
    assert cleaning.clean(directory) == []
    assert names(directory) == {"exit.json", "messages.ndjson"}


def test_what_keeps_a_lost_attempt_from_starting_stays(directory: Path) -> None:
    (directory / "exit.json").unlink()
    (directory / "revoked").touch()
    assert cleaning.clean(directory) == []
    assert names(directory) == {"messages.ndjson", "revoked", "runner.log"}


def test_a_link_in_its_place_is_not_followed(directory: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    directory.rename(elsewhere)
    directory.symlink_to(elsewhere)
    assert cleaning.clean(directory) == []
    assert not directory.is_symlink()
    assert (elsewhere / "run.json").exists()
    assert cleaning.clean(directory) == []


def test_only_unfinished_attempts_are_looked_into(directory: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert home.attempt_names(cleaning.UNFINISHED) == [NAME]
    cleaning.clean(directory)
    assert home.attempt_names(cleaning.UNFINISHED) == []
    assert home.attempt_names() == [NAME]
