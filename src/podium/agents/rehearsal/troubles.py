"""Rehearsed trouble: a directive in the requirement document asks the agent to be slow, wrong, dead or stuck.

The agent's environment is fixed, so the document is where a demonstration or a test can ask. The directive
stands on a line of its own, from its first column, outside code blocks::

    <!-- rehearsal: seconds=0.2 rework=003 crash=002 hang=005 fail=004,performance -->

`seconds` is the pace of every step. `rework` leaves a real fault in the first implementation, for review to
find. `crash` kills the first attempt at implementing with SIGKILL. `hang` never ends the implementation.
`fail` makes the named steps, or the implementation of the numbered issues, answer `failed`. Lists are
separated by commas.
"""

from dataclasses import dataclass
from pathlib import Path

from podium.agents.rehearsal.naming import feature_number

SECONDS_MAX = 60.0
DIRECTIVE_BYTES_MAX = 262_144

_OPENING = "<!-- rehearsal:"
_CLOSING = "-->"
_FENCES = ("```", "~~~")


@dataclass(frozen=True, slots=True)
class Troubles:
    """What to rehearse: a pace in seconds a step, and the issues or steps that each trouble strikes."""

    seconds: float = 0.0
    rework: frozenset[str] = frozenset()
    crash: frozenset[str] = frozenset()
    hang: frozenset[str] = frozenset()
    fail: frozenset[str] = frozenset()


def strikes(targets: frozenset[str], key: str) -> bool:
    """Whether the targets name this issue, by its number (`3` and `003` alike) or by its whole key."""
    number = feature_number(key)
    return key in targets or any(target.isdecimal() and int(target) == number for target in targets)


def read_troubles(document: Path | None) -> Troubles:
    """Read the directives of a document; a missing document asks for no trouble."""
    if document is None or not document.is_file():
        return Troubles()
    # Every step reads this, so it looks at lines and leaves the Markdown parser to the steps that need it.
    with document.open("rb") as stream:
        return parse_troubles(stream.read(DIRECTIVE_BYTES_MAX).decode("utf-8", "replace"))


def parse_troubles(text: str) -> Troubles:
    """Collect the settings of all directives in the text; what is not understood is left out."""
    settings: dict[str, frozenset[str]] = {}
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif not fenced and line.startswith(_OPENING) and line.rstrip().endswith(_CLOSING):
            settings |= _settings(line.rstrip()[len(_OPENING) : -len(_CLOSING)])
    none = frozenset[str]()
    return Troubles(
        seconds=_seconds(settings.get("seconds", none)),
        rework=settings.get("rework", none),
        crash=settings.get("crash", none),
        hang=settings.get("hang", none),
        fail=settings.get("fail", none),
    )


def _settings(directive: str) -> dict[str, frozenset[str]]:
    pairs = (word.partition("=") for word in directive.split())
    return {name: frozenset(filter(None, value.split(","))) for name, _, value in pairs}


def _seconds(values: frozenset[str]) -> float:
    try:
        return min(max(float(next(iter(values), "0")), 0.0), SECONDS_MAX)
    except ValueError:
        return 0.0
