"""Room on a disk: waited for in bounds, and only for what it can mend."""

import errno
import os
from pathlib import Path

import pytest

from podium.runner.shortage import Patience, is_full, room_bytes, used_bytes

pytestmark = pytest.mark.requirement("REC-9")
FULL = OSError(errno.ENOSPC, "No space left on device")


class Action:
    """Fails so many times, then answers."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_what_needs_room_is_done_when_there_is_some(tmp_path: Path) -> None:
    pauses: list[float] = []
    patience = Patience(tmp_path, 60.0, lambda seconds: not pauses.append(seconds))
    assert patience.do(Action(FULL, OSError(errno.EDQUOT, "quota"))) == "done"
    assert len(pauses) == 2


def test_other_trouble_is_not_waited_for(tmp_path: Path) -> None:
    patience = Patience(tmp_path, 60.0, lambda _: pytest.fail("it waited"))
    with pytest.raises(PermissionError):
        patience.do(Action(PermissionError(errno.EACCES, "no")))


def test_waiting_ends_when_it_is_told_to_or_has_lasted_too_long(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        Patience(tmp_path, 60.0, lambda _: False).do(Action(FULL, FULL))
    with pytest.raises(OSError, match="No space"):
        Patience(tmp_path, 1.0, lambda _: True).do(Action(*[FULL] * 1000))


def test_what_is_below_a_folder_is_counted_and_no_link_is_followed(tmp_path: Path) -> None:
    inner = tmp_path / "one" / "two"
    inner.mkdir(parents=True)
    (inner / "file").write_bytes(os.urandom(100_000))
    (tmp_path / "outside").symlink_to("/usr")
    assert 100_000 <= used_bytes(tmp_path) < 200_000
    assert used_bytes(tmp_path / "missing") == 0


def test_a_folder_that_is_gone_is_not_full(tmp_path: Path) -> None:
    assert not is_full(tmp_path / "missing")
    assert room_bytes(tmp_path) > 0
