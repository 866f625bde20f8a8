"""Times as people write them: `90m`, `2h`, `1d12h`, or an ISO 8601 date and time."""

import re
from datetime import datetime
from typing import Final

from podium.domain.errors import UsageError
from podium.refusals import refusal

DELAY_SECONDS_MAX: Final = 366 * 86_400.0

_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
_SECONDS: Final = (86_400, 3_600, 60, 1)


def seconds_until(text: str, wall: float) -> float:
    """Seconds from `wall` (seconds since the epoch) to the moment that `text` names, negative when that is past.

    A time without an offset is this machine's local time. Raises `UsageError`.
    """
    wanted = text.strip()
    found = _DURATION.fullmatch(wanted)
    if wanted and found:
        seconds = float(sum(int(n) * unit for n, unit in zip(found.groups("0"), _SECONDS, strict=True)))
    else:
        try:
            seconds = datetime.fromisoformat(wanted).astimezone().timestamp() - wall
        except (ValueError, OverflowError, OSError):
            raise UsageError(refusal("no time", given=text[:40])) from None
    if seconds > DELAY_SECONDS_MAX:
        raise UsageError(f"not_before = {text[:40]!r} is more than a year away; submit it nearer to that time.")
    return seconds
