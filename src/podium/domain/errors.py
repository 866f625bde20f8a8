"""One error tree, split by whose fault it is; a class's docstring says what its message must hold.

Expected outcomes (rework, stale fence, could-not-run) are values elsewhere, never exceptions.
"""

import re


class PodiumError(Exception):
    """Anything Podium raises on purpose. The message says what happened, what it means and what to do next."""

    exit_code: int = 1
    kind: str = "failure"
    """What programs tell it by: the class's name as `not_found`; outside this module a class is of its parent's."""

    def __init_subclass__(cls) -> None:
        if cls.__module__ == __name__:
            cls.kind = re.sub(r"(?<!^)([A-Z])", r"_\1", cls.__name__.removesuffix("Error")).lower()


class UsageError(PodiumError):
    """The caller's input cannot be used as it is; the message says what to change."""

    exit_code = 2


class InvalidPipeline(UsageError):
    """A pipeline file breaks a rule; the message names the file's line where it can."""


class InvalidDocument(UsageError):
    """A requirement document cannot be read (empty, binary, too large, not UTF-8)."""


class InvalidRequest(UsageError):
    """A typed project request breaks a rule; the message names the field, and the file's line where there is one."""


class InvalidBackup(UsageError):
    """A backup is truncated, altered, or none of Podium's; nothing was restored from it."""


class NotFound(PodiumError):
    """Nothing has that name; the message lists what there is, or how to list it."""

    exit_code = 3


class Conflict(PodiumError):
    """The thing exists, but is in a state that forbids the request."""

    exit_code = 4


class IllegalTransition(Conflict):
    """The lifecycle table has no such edge; seeing this outside a test is a defect in Podium."""


class HomeLocked(Conflict):
    """Another orchestrator runs on this home."""


class Unauthorized(PodiumError):
    """No credential, or one that does not reach this far."""

    exit_code = 5


class Forbidden(PodiumError):
    """A good credential that does not open this; the message names the scope that would."""

    exit_code = 5


class Unavailable(PodiumError):
    """Something Podium needs is away (disk full, orchestrator stopped, tool missing); trying later may work."""

    exit_code = 6


class UnsafeStore(Unavailable):
    """The database engine or file is not one that Podium can trust with committed work."""


class Defect(PodiumError):
    """Podium itself is at fault; the message names the error, for a report of it."""


class TimedOut(PodiumError):
    """A bounded wait ran out; the message says what was waited for and how long."""

    exit_code = 7
