"""The GitHub on this machine that tests of a module share."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.conformance.npm_agents import NoAgents


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """The emulator, asked with a token that may write there."""
    from tests.faces.github_emulator import emulated

    try:
        with emulated(tmp_path_factory.mktemp("github")) as client:
            yield client
    except NoAgents as error:
        pytest.skip(str(error))
