"""One error tree, split by whose fault it is; a class's docstring says what its message must hold.

Expected outcomes (rework, stale fence, could-not-run) are values elsewhere, never exceptions.
"""


class PodiumError(Exception):
    """Anything Podium raises on purpose. The message says what happened, what it means and what to do next."""

    exit_code: int = 1
    kind: str = "failure"


class UsageError(PodiumError):
    """The caller's input cannot be used as it is; the message says what to change."""

    exit_code = 2
    kind = "usage"


class InvalidPipeline(UsageError):
    """A pipeline file breaks a rule; the message names the file's line where it can."""

    kind = "invalid_pipeline"


class InvalidDocument(UsageError):
    """A requirement document cannot be read (empty, binary, too large, not UTF-8)."""

    kind = "invalid_document"


class InvalidRequest(UsageError):
    """A typed project request breaks a rule; the message names the field, and the file's line where there is one."""

    kind = "invalid_request"


class InvalidBackup(UsageError):
    """A backup is truncated, altered, or none of Podium's; nothing was restored from it."""

    kind = "invalid_backup"


class NotFound(PodiumError):
    """Nothing has that name; the message lists what there is, or how to list it."""

    exit_code = 3
    kind = "not_found"


class Conflict(PodiumError):
    """The thing exists, but is in a state that forbids the request."""

    exit_code = 4
    kind = "conflict"


class IllegalTransition(Conflict):
    """The lifecycle table has no such edge; seeing this outside a test is a defect in Podium."""

    kind = "illegal_transition"


class HomeLocked(Conflict):
    """Another orchestrator runs on this home."""

    kind = "home_locked"


class Unauthorized(PodiumError):
    """No credential, or one that does not reach this far."""

    exit_code = 5
    kind = "unauthorized"


class Forbidden(PodiumError):
    """A good credential that does not open this; the message names the scope that would."""

    exit_code = 5
    kind = "forbidden"


class Unavailable(PodiumError):
    """Something Podium needs is away (disk full, orchestrator stopped, tool missing); trying later may work."""

    exit_code = 6
    kind = "unavailable"


class UnsafeStore(Unavailable):
    """The database engine or file is not one that Podium can trust with committed work."""

    kind = "unsafe_store"


class Defect(PodiumError):
    """Podium itself is at fault; the message names the error, for a report of it."""

    kind = "defect"


class TimedOut(PodiumError):
    """A bounded wait ran out; the message says what was waited for and how long."""

    exit_code = 7
    kind = "timed_out"
