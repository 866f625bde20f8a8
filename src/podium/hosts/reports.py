"""The reports that a host makes itself, and those that it reads from a runner's `exit.json`, trusting none of it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from podium.domain.attempt import Ending, Report, Spend
from podium.domain.errors import PodiumError, Unavailable
from podium.ports import OVERDUE
from podium.runner import shortage


@cache
def _reader() -> Callable[[Any], Report]:
    """Made for the first report of a runner: a host of this process has none, and need not load what reads them."""
    from pydantic import TypeAdapter

    return TypeAdapter(Report).validate_python


def report(content: Mapping[str, Any]) -> Report:
    """The report in an `exit.json`; raises ValueError or TypeError when it is none."""
    given = {name: value for name, value in content.items() if value is not None}
    if "spend" in given:
        given["spend"] = Spend(**given["spend"])
    return _reader()(given)


def cancelled(reason: str) -> Report:
    """What an attempt reports that was ended from outside."""
    return Report(Ending.TIMED_OUT if reason.startswith(OVERDUE) else Ending.CANCELLED, reason)


def could_not_start(error: PodiumError | OSError) -> Report:
    """What an attempt reports that could not begin; it says when the machine is short of something (REC-9)."""
    is_short = shortage.is_shortage(error) or isinstance(error, Unavailable)
    return Report(Ending.COULD_NOT_START, str(error), is_environment=is_short)
