"""Who waits for a home's lock, and who does not."""

import asyncio
import os
from pathlib import Path

import pytest

from podium import app
from podium.address import LOCK
from podium.domain.errors import HomeLocked, Unavailable
from podium.runner import files


def test_nobody_waits_for_an_orchestrator_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many that start at once one runs; another would start a second once that is told to stop."""
    app.RealWorld().lock(tmp_path)
    monkeypatch.setattr(app, "LOCK_SECONDS", float("inf"))
    with pytest.raises(HomeLocked, match=f"process {os.getpid()}"):
        app.RealWorld().lock(tmp_path)


def test_a_lock_that_is_held_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / LOCK).write_text("999999999", "ascii")  # of an orchestrator that is gone
    held = files.try_lock(tmp_path / LOCK)
    assert held is not None

    def let_go(_: float) -> None:
        os.close(held)

    monkeypatch.setattr(app.time, "sleep", let_go)
    app.RealWorld().lock(tmp_path)
    assert (tmp_path / LOCK).read_text("ascii") == str(os.getpid())


def test_a_command_that_changes_a_home_is_no_orchestrator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that starts at that moment waits for it, and is not told that another runs."""
    app.RealWorld().lock(tmp_path, briefly=True)
    looks = iter(range(3))

    def look(_: float) -> None:
        if next(looks, None) is None:
            raise TimeoutError

    monkeypatch.setattr(app.time, "sleep", look)
    with pytest.raises(TimeoutError):
        app.RealWorld().lock(tmp_path)


def test_a_command_for_a_shared_state_is_not_in_the_way_of_a_node_that_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_DATABASE_URL", "postgresql://podium@localhost/podium")

    async def change() -> None:
        async with app.RealWorld().writing(tmp_path):
            pass

    with pytest.raises(Unavailable, match="start one with `podium up`"):
        asyncio.run(change())
    assert not (tmp_path / LOCK).exists()
