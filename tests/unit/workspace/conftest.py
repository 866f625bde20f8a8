"""Gives every test of the workspace a home and a loop."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.workspace.layout import Home
from podium.workspace.repository import Repositories


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def repositories(home: Home) -> Repositories:
    return Repositories(home)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
