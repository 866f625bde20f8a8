"""Runs python agents as tasks of this process: nothing is started, written or adopted."""

from collections.abc import Callable

from podium.agents.python import Body
from podium.domain.job import Lease
from podium.hosts.tasks import TaskRunning
from podium.ports import Brief, Running


class InProcessHost:
    """`ports.Host` for one python agent. A process that dies takes its attempts along, so none is ever adopted."""

    def __init__(self, body: Body) -> None:
        self._body = body

    async def start(self, lease: Lease, brief: Brief) -> Running:
        return TaskRunning(lambda: self._body(lease, brief))

    async def adopt(self, lease: Lease) -> Running | None:  # noqa: ARG002 - the port's shape
        return None

    async def forget(self, lease: Lease) -> None:
        """Nothing was left behind."""

    async def sweep(self, is_open: Callable[[str], bool]) -> int:  # noqa: ARG002 - the port's shape
        return 0
