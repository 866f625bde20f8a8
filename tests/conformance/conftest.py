"""One Ray cluster for all tests of the hosts: starting one takes seconds of both cores."""

from collections.abc import Iterator

import pytest

from tests.conformance.ray_cluster import KeptBridge, own_cluster


@pytest.fixture(scope="session")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptBridge]:
    """A cluster on this machine alone, as a home without RAY_ADDRESS gets one, and the process that speaks to it."""
    with own_cluster(tmp_path_factory.mktemp("ray")) as bridge:
        yield bridge
