"""An existing repository keeps what it has, gets what is missing, and is left alone where work could not be judged."""

from pathlib import Path

import pytest

from tests.unit.agents.rehearsal.playhouse import Playhouse, git, run_suite

DOCUMENT = "# Greeter\n\n## Features\n\n- Greet by name: say hello to a person by name\n"
PASSING = "import unittest\n\n\nclass TestIt(unittest.TestCase):\n    def test_it(self):\n        {}\n"

pytestmark = pytest.mark.requirement("INT-5")


def stage(tmp_path: Path, files: dict[str, str]) -> Playhouse:
    playhouse = Playhouse(tmp_path / "house", DOCUMENT)
    for name, text in files.items():
        (playhouse.main / name).parent.mkdir(parents=True, exist_ok=True)
        (playhouse.main / name).write_text(text, "utf-8")
    commit(playhouse)
    return playhouse


def commit(playhouse: Playhouse) -> None:
    git(playhouse.main, "add", "--all")
    git(playhouse.main, "commit", "--quiet", "--allow-empty", "--message=Theirs")


@pytest.mark.parametrize("name", ["src/greeter/__init__.py", "greeter/__init__.py", "greeter.py", "src/greeter.py"])
def test_a_package_of_that_name_is_not_shadowed(tmp_path: Path, name: str) -> None:
    playhouse = stage(tmp_path, {name: "NAME = 1\n"})
    (plan,) = playhouse.passed(playhouse.play("genesis", "analyze")).artifacts("plan")
    assert plan["data"]["package"] == "greeter_rehearsal"


def test_tests_that_leave_files_leave_none_in_the_work(tmp_path: Path) -> None:
    litter = PASSING.format("open('litter', 'w').close()")
    playhouse = stage(tmp_path, {"tests/test_it.py": litter})
    analyzed = playhouse.passed(playhouse.play("genesis", "analyze"))
    assert git(analyzed.clone, "status", "--porcelain") == ""
    playhouse.merge(playhouse.passed(playhouse.play("genesis", "scaffold")))
    (issue,) = playhouse.passed(playhouse.play("genesis", "issues")).artifacts("issue")
    reviewed = playhouse.develop(issue)[-1]
    assert git(reviewed.clone, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import no_such_package", "No module named 'no_such_package'"),
        ("import lost.part", "fail before anything is changed"),
        ("self.fail('broken')", "fail before anything is changed"),
    ],
)
def test_tests_that_do_not_pass_stop_the_work_with_the_reason(tmp_path: Path, body: str, said: str) -> None:
    playhouse = stage(tmp_path, {"tests/test_it.py": PASSING.format(body), "lost/__init__.py": ""})
    played = playhouse.play("genesis", "analyze")
    assert (played.verdict, said in played.result["summary"]) == ("blocked", True), played.result
    assert "-m pip install" in played.result["summary"]
    assert "submodules are not fetched" in played.result["summary"]
    assert git(played.clone, "status", "--porcelain") == ""


def test_nothing_is_written_through_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    playhouse = stage(tmp_path, {})
    (playhouse.main / "README.md").symlink_to(outside / "readme")
    (playhouse.main / ".gitignore").symlink_to(outside / "ignored")
    commit(playhouse)
    playhouse.passed(playhouse.play("genesis", "analyze"))
    laid_out = playhouse.passed(playhouse.play("genesis", "scaffold"))
    assert (laid_out.clone / "README.md").is_symlink()
    (playhouse.main / "src").symlink_to(outside)
    commit(playhouse)
    refused = playhouse.play("genesis", "scaffold")
    assert refused.verdict != "passed"
    assert "leads out of the repository" in str(refused.result)
    assert list(outside.iterdir()) == []


def test_a_repository_that_has_everything_still_gets_its_plan(tmp_path: Path) -> None:
    playhouse = stage(tmp_path, {})
    playhouse.genesis()
    playhouse.artifacts.clear()
    playhouse.passed(playhouse.play("genesis", "analyze"))
    again = playhouse.passed(playhouse.play("genesis", "scaffold"))
    assert git(again.clone, "show", "--name-only", "--format=", "HEAD") == "docs/plans/002-greet-by-name.md"
    assert run_suite(again.clone).returncode == 0
