"""Gives every test of the hosts a world and a loop."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.hosts.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
