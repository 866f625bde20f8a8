"""A disk without room is the machine's trouble, also where git does not say why a file could not be written."""

import asyncio
from pathlib import Path

import pytest

from podium.domain.errors import Unavailable
from podium.workspace import publishing
from tests.crash.ballast import small_disk
from tests.unit.workspace import work


@pytest.mark.requirement("REC-9")
def test_files_that_cannot_be_checked_out_for_want_of_room_are_no_authors_fault(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    work.git(source, "init", "--quiet", "--initial-branch=main")
    (source / "large.txt").write_bytes(bytes(range(256)) * 4096)
    work.git(source, "add", ".")
    work.git(source, "commit", "--quiet", "--message=Large")
    commit = work.git(source, "rev-parse", "HEAD").strip()
    try:
        with (
            small_disk(tmp_path / "disk", size="64k") as disk,
            pytest.raises(Unavailable, match="unable to write file"),
        ):
            asyncio.run(publishing._export(source, commit, ("large.txt",), disk))
    except PermissionError as error:
        pytest.skip(str(error))
