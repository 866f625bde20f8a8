"""What the engine needs of the world, as protocols: real adapters and simulated ones are told apart by nobody."""

from asyncio import Future, Task
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from podium.domain.attempt import Assignment, Report
from podium.domain.command import Command
from podium.domain.delivery import Answer, Delivery
from podium.domain.fleet import Fleet
from podium.domain.job import Lease
from podium.policy.autoscaling import Look
from podium.policy.health import Signs
from podium.policy.retention import Removed, Retention

OVERDUE: Final = "no end after"
"""How a reason to cancel begins when the time is up: the report's ending is then `TIMED_OUT`, not `CANCELLED`."""

Brief = Callable[[], Awaitable[Assignment]]
"""Fetches an attempt's assignment when a host asks for it (an in-process body of a benchmark never does)."""


class Clock(Protocol):
    """Time. Nothing in the engine reads another clock."""

    def now(self) -> float:
        """Steady seconds: near the epoch's at start, never backwards, standing still while the machine is suspended.

        All deadlines, ranks and waiting times are on this scale, so a wall clock that jumps expires nothing.
        """
        ...

    def wall(self) -> float:
        """Wall-clock seconds since the epoch, for people only."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many steady seconds."""
        ...

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> Task[Any]:
        """Run `work` beside the caller; an exception nobody handled stops the orchestrator with its traceback."""
        ...


class Running(Protocol):
    """One attempt in progress, owned by a host."""

    async def ended(self) -> Report:
        """Wait for the attempt's end and return its report, the delivered commit already safe in the repository."""
        ...

    def cancel(self, reason: str) -> None:
        """End it and all its processes soon; `ended` then reports `Ending.CANCELLED` or what came first.

        A reason that begins with `OVERDUE` is reported as `Ending.TIMED_OUT`.
        """
        ...

    def signs(self) -> Signs:
        """When it was last seen to live, to answer, to get on and to work: each tells only itself.

        Cheap, and asked every few seconds, which is also what keeps the answers fresh.
        """
        ...


class Host(Protocol):
    """Where attempts run. Attempts outlive the orchestrator: a new one adopts what the old one started (INS-8)."""

    async def start(self, lease: Lease, brief: Brief) -> Running:
        """Begin the attempt. Trouble in starting is a report of `Ending.COULD_NOT_START`, never an exception.

        It says `is_environment` when the machine is short of something (disk, memory, git), not the attempt.
        """
        ...

    async def adopt(self, lease: Lease) -> Running | None:
        """The attempt as an earlier orchestrator started it, running or ended but not yet taken.

        None means that nothing of it is left and, for certain, that nothing of it can start any more. What cannot be
        told because of the disk is a report of `Ending.LOST`, never an OSError.
        """
        ...

    async def forget(self, lease: Lease) -> None:
        """The attempt's result is committed: remove what it left behind, except its log; what cannot be is logged."""
        ...

    async def sweep(self, is_open: Callable[[str], bool]) -> int:
        """End every process and remove every clone that belongs to no open attempt (`Lease.name`); how many.

        List first and ask `is_open` afterwards: an attempt begun meanwhile is then never taken for a stranger.
        """
        ...


class Remains(Protocol):
    """What ended work has left on disk: logs, superseded deployments, unmerged work of ended projects."""

    async def prune(
        self, limits: Retention, now: float, may_go_on: Callable[[], bool], *, dry_run: bool
    ) -> list[Removed]:
        """Remove what is over its limit, or only say what that is; trouble with one thing is logged, not raised.

        It stops when it may not go on any more: the rest is found by the next call.
        """
        ...


Row = Sequence[Any]


class Rows(Protocol):
    """What the store asks of a database driver, and whoever reads asks of the store: rows of one connection.

    Statements are named by their file in `store/sql`.
    """

    def one(self, name: str, args: Row = ()) -> Any:
        """The first row as a tuple, or None."""
        ...

    def all(self, name: str, args: Row = ()) -> list[Any]:
        """All rows as tuples."""
        ...

    def many(self, name: str, rows: Iterable[Row]) -> None:
        """Run a statement once for each row of arguments."""
        ...


Read = Callable[[Callable[[Rows], Any]], Awaitable[Any]]
"""Asks the committed state a question, which may be answered on another thread."""


class Store(Protocol):
    """The truth. Every command is answered once it is durable; a refusal is raised as a `PodiumError`."""

    def submit(self, command: Command) -> Future[Any]:
        """Queue a command; what it answers is said beside each command in `domain.command`."""
        ...

    async def running(self) -> list[Lease]:
        """Every attempt that holds a lease."""
        ...

    async def fleet(self) -> Fleet:
        """Every instance on record, and what operators have said of queues."""
        ...

    async def looks(self, now: float, wall: float) -> list[Look]:
        """Every workflow's signals at `now` (steady seconds) and `wall` (seconds since the epoch)."""
        ...

    async def assignment(self, lease: Lease) -> Assignment:
        """What the agent of this attempt is told."""
        ...

    async def due_deliveries(self, now: float, limit: int) -> list[Delivery]:
        """The first deliveries of each webhook that are due at `now` (steady seconds), at most `limit` of each."""
        ...


class Sender(Protocol):
    """Sends one delivery to its webhook, once. Trouble is an `Answer`, never an exception."""

    async def send(self, delivery: Delivery) -> Answer:
        """What its receiver answered, within a bounded time."""
        ...


class Follower(Protocol):
    """Tells somebody outside of what is committed. Its troubles are its own: it raises none."""

    def environment(self, attempt: str) -> Mapping[str, str]:
        """What the agent of the attempt so named is told besides."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...

    async def finish(self, seconds: float) -> None:
        """What has just been committed, within about so long: the orchestrator stops."""
        ...
