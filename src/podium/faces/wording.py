"""Numbers, times and foreign text as words for a person: pure functions that need no terminal library."""

import re
from datetime import UTC, datetime
from typing import Final

UNKNOWN: Final = "–"
"""What nobody knows is shown as this, never as 0."""

MINUTE_SECONDS: Final = 60
_UNITS: Final = ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s"))
"""Of times, from the largest: its seconds and its sign, and those of the next one."""

_TERMINAL_SEQUENCE: Final = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # strings: titles, links, the clipboard
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[ -/]*[0-~]?"
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and newline, and marks that reverse the order in which text is shown."""


def clean(text: object) -> str:
    """Text from outside (titles, agents' words), safe for a terminal: it cannot move the cursor, colour or deceive."""
    shown = _TERMINAL_SEQUENCE.sub("", str(text).replace("\r\n", "\n"))
    return _UNPRINTABLE.sub("", shown).encode("utf-8", "replace").decode()


def one_line(text: object, chars_max: int | None = None) -> str:
    """`clean` text on one line, cut with an ellipsis when it is longer than `chars_max`."""
    line = " ".join(clean(str(text).replace("\v", "\n")).split())
    if chars_max is not None and len(line) > chars_max:
        return line[: max(0, chars_max - 1)].rstrip() + "…"
    return line


def duration(seconds: float | None) -> str:
    """`12 ms`, `4.2 s`, `3 m 12 s`, `2 h 5 m`, `3 d 4 h`; a time that nobody knows is `–`."""
    if seconds is None:
        return UNKNOWN
    seconds = max(0.0, seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.0005 else "0 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for large, sign, small, rest_sign in _UNITS:
        if whole >= large:
            rest = whole % large // small
            return f"{whole // large} {sign}" + (f" {rest} {rest_sign}" if rest else "")
    return f"{whole} s"


def whole_seconds(seconds: float | None) -> str:
    """A duration for a view that is redrawn as it grows: without parts of a second, so that it ticks calmly."""
    if seconds is None or seconds >= MINUTE_SECONDS:
        return duration(None if seconds is None else int(seconds))
    return f"{int(max(0.0, seconds))} s"


def ago(seconds: float) -> str:
    """How long something has been so: `3 m 12 s ago`."""
    return f"{whole_seconds(seconds)} ago"


def figure(number: float | None, unit: str = "") -> str:
    """A figure with its unit, without needless zeros; `–` when nobody knows it."""
    return UNKNOWN if number is None else f"{round(number, 1):,g}{unit}"


def percent(share: float | None) -> str:
    """`0.964` as `96 %`, never rounded up to a `100 %` that it is not; `–` when nobody knows it."""
    return UNKNOWN if share is None else f"{int(share * 100 + 1e-9)} %"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 job`, `2 jobs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def clock_time(at: float) -> str:
    """A moment (seconds since the epoch) as the local time of day."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")


def date_time(at: float) -> str:
    """A moment (seconds since the epoch) as the local date and time."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def work(step: str, item: str = "") -> str:
    """A job by its place in its workflow: `implement 003-greet`."""
    return one_line(f"{step} {item}")


def size(number: int | None) -> str:
    """Bytes in a unit that suits them; what nobody knows is a dash."""
    if number is None:
        return UNKNOWN
    for unit, of in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= of:
            return f"{number / of:.1f} {unit}"
    return f"{number} B"
