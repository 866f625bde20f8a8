"""Paths of a home come from validated ids and never lead out of it."""

from pathlib import Path

import pytest

from podium.domain.errors import UsageError
from podium.workspace.layout import Home, checked_commit, make_private


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\0", ".hidden", "A", "-a", "con"])
def test_projects_have_safe_names(home: Home, name: str) -> None:
    for make in (home.project, home.repository, home.deployments):
        with pytest.raises(UsageError):
            make(name)


@pytest.mark.parametrize(
    "name", ["hello", "hello/12", "hello/a1.a1", "../12.a1", "a/b/12.a1", "hello/12.a-1", "hello/12.a1\n"]
)
def test_attempts_have_safe_names(home: Home, name: str) -> None:
    with pytest.raises(UsageError):
        home.attempt(name)


@pytest.mark.parametrize("kind", ["", "..", "a/b", "A", "x" * 41])
def test_outputs_have_safe_kinds(home: Home, kind: str) -> None:
    with pytest.raises(UsageError):
        home.outputs("hello", kind)


@pytest.mark.parametrize("commit", ["", "HEAD", "main", "-" * 40, "a" * 39, "A" * 40])
def test_commits_are_whole_ids(commit: str) -> None:
    with pytest.raises(UsageError):
        checked_commit(commit)


def test_everything_is_in_the_home(home: Home) -> None:
    assert home.attempt("hello/12.a3") == home.path / "attempts/hello/12.a3"
    assert home.repository("hello") == home.path / "projects/hello/repository"
    assert home.deployment("hello", "a" * 40) == home.path / "deployments/hello" / ("a" * 12)
    assert home.relative(home.outputs("hello", "documentation")) == "projects/hello/outputs/documentation"


def test_a_home_has_one_id_however_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "home")
    (tmp_path / "home").mkdir()
    assert Home(tmp_path / "link").id == Home(tmp_path / "home").id != Home(tmp_path).id


def test_directories_are_private(home: Home) -> None:
    made = make_private(home.path / "a" / "b")
    assert {path.stat().st_mode & 0o777 for path in (made, made.parent, home.path)} == {0o700}


def test_attempts_are_listed_by_name(home: Home) -> None:
    for name in ("hello/2.a1", "hello/12.a3", "other/1.a1"):
        make_private(home.attempt(name))
    make_private(home.attempts / "hello" / "not an attempt")
    assert home.attempt_names() == ["hello/12.a3", "hello/2.a1", "other/1.a1"]
