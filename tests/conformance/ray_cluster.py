"""Ray on this machine, for tests: a cluster, and a bridge that outlives the hosts of single tests."""

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from podium.domain.errors import Unavailable
from podium.runner import files
from podium_ray.host import Bridge, RayHost
from podium_ray.node import CLUSTER, VARIABLE

CLEAN_SECONDS = 30.0
START_SECONDS = 300.0
"""A cluster takes a few seconds of both cores to start; on a busy machine that may take minutes."""


class KeptBridge(Bridge):
    """Begun by the first host, kept for the others: each start costs seconds."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.root = home

    async def begin(self, home: Path, token: str) -> None:
        if self._driver is None:
            super().end()
            await super().begin(self.root, token)

    async def warm(self) -> None:
        """Wait for the first node."""
        async with asyncio.timeout(START_SECONDS):
            while self._driver is None:
                with suppress(Unavailable):  # it is still starting
                    await self.begin(self.root, "0" * 64)
            while not await self.ask(START_SECONDS, "beat", CLEAN_SECONDS, 0.0, 0, ()):
                pass

    def end(self) -> None:
        """A host goes, the bridge stays."""

    def clear(self, host: RayHost) -> None:
        """Leave nothing of a test's attempts."""

        async def remove() -> None:
            names = await self.ask(CLEAN_SECONDS, "names", CLEAN_SECONDS, host._space)
            await self.ask(CLEAN_SECONDS, "remove", CLEAN_SECONDS, host._space, list(names))

        if self._driver is not None:
            asyncio.run(remove())

    def close(self) -> None:
        super().end()
        cluster = files.read_json(self.root / CLUSTER)
        if cluster:
            with suppress(ProcessLookupError):
                os.kill(cluster["pid"], signal.SIGTERM)


@contextmanager
def own_cluster(root: Path) -> Generator[KeptBridge]:
    """The cluster of one home; its node keeps attempts below `root`."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(root / "node")
    bridge = KeptBridge(root)
    try:
        asyncio.run(bridge.warm())
        yield bridge
    finally:
        bridge.close()
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before
