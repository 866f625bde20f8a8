"""One desktop a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.faces.mcp.agent import staged
from tests.unit.operations.desktop import Desktop


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    made = staged(tmp_path)
    yield made
    made.clock.close()
    made.desk.store.close()
