"""Git runs with our environment, bounded, and its failures say what to do."""

import asyncio
from pathlib import Path

import pytest

from podium.domain.errors import TimedOut, Unavailable
from podium.workspace import git


def test_it_answers(tmp_path: Path, loop: asyncio.Runner) -> None:
    loop.run(git.get(tmp_path, "init", "--quiet"))
    answer = loop.run(git.ask(tmp_path, "hash-object", "--stdin", stdin=b"hello\n"))
    assert (answer.status, answer.text) == (0, "ce013625030ba8dba906f756967f9e9ca394464a")


def test_failures_are_told(tmp_path: Path, loop: asyncio.Runner) -> None:
    with pytest.raises(Unavailable, match="not a git repository"):
        loop.run(git.get(tmp_path, "log"))
    with pytest.raises(Unavailable, match="does not exist"):
        loop.run(git.get(tmp_path / "nowhere", "log"))


def test_a_missing_git_is_told(tmp_path: Path, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="install it"):
        loop.run(git.get(tmp_path, "log"))


def test_nothing_of_the_users_is_inherited(
    tmp_path: Path, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'alias.version=!false'")
    (tmp_path / ".gitconfig").write_text("[core]\nbare = maybe\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    loop.run(git.get(tmp_path, "init", "--quiet"))
    assert loop.run(git.get(tmp_path, "rev-parse", "--git-dir")) == ".git"


def test_a_bounded_command_ends_with_its_caller(tmp_path: Path, loop: asyncio.Runner) -> None:
    bounds = git.Bounds(60.0, lambda: "")
    alias = ("-c", "alias.hang=!touch begun; sleep 1000", "hang")

    async def cancelled() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await git.ask(tmp_path, *alias, bounds=bounds)

    loop.run(cancelled())
    loop.run(asyncio.wait_for(loop.get_loop().shutdown_default_executor(), 20))
    assert bounds.objection == "it is not wanted any more"


def test_output_and_time_are_bounded(tmp_path: Path, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "OUTPUT_BYTES_MAX", 1000)
    with pytest.raises(Unavailable, match="more than 1000 bytes"):
        loop.run(git.get(tmp_path, "-c", "alias.flood=!yes", "flood"))
    monkeypatch.setattr(git, "SILENCE_SECONDS_MAX", 0.1)
    with pytest.raises(TimedOut, match="was ended"):
        loop.run(git.get(tmp_path, "-c", "alias.hang=!sleep 1000", "hang"))
