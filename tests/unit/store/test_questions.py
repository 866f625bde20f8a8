"""Whatever can be asked of a home, and done to it, is answered by each database: the statements are portable."""

from pathlib import Path

import pytest

from podium.operations.catalogue import REGISTRY
from tests.property.test_hostile_input import Busy, came_of, example, staged
from tests.simulation.checkers import check


@pytest.mark.requirement("DST-1")
def test_every_operation_is_answered_by_each_database(tmp_path: Path) -> None:
    desktop = Busy(tmp_path)
    subjects = staged(desktop)
    for name in sorted(REGISTRY.keys() - {"doctor"}):  # which asks the machine
        came_of(desktop, REGISTRY[name], example(REGISTRY[name], subjects))  # a refusal is an answer, too
    assert check(desktop.desk.store, finished=False) == []
    desktop.clock.close()
    desktop.desk.store.close()
