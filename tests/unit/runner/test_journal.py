"""A log that is full still shows that its attempt goes on."""

import os
from pathlib import Path

import pytest

from podium.runner.journal import Journal

LONG_AGO = 1_700_000_000.0


@pytest.mark.requirement("REC-2")
def test_beyond_its_limit_the_log_grows_no_more_but_its_time_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "messages.ndjson"
    journal = Journal(path, 200)
    for _ in range(5):
        journal.note("x" * 100)
    size = path.stat().st_size
    assert b"later messages are dropped" in path.read_bytes()
    os.utime(path, (LONG_AGO, LONG_AGO))
    journal.note("still here")
    assert path.stat().st_size == size
    assert path.stat().st_mtime > LONG_AGO
