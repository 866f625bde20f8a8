"""The page of `podium doctor`: trouble first in what is said at the end, and what to do under each finding."""

from typing import Any, Final

from rich.console import Console, RenderableType
from rich.text import Text

from podium.faces.cli import style
from podium.faces.cli.style import ATTENTION, GOOD, QUIET, TROUBLE, line
from podium.faces.cli.wording import clean, counted, one_line

NAME_COLUMNS: Final = 14


def render_doctor(console: Console, answer: dict[str, Any]) -> None:
    """All checks, agents, and the sum of it."""
    signs = style.marks(console)
    page: list[RenderableType] = [*check_rows(console, answer["checks"]), "", line(("Agents", "bold"))]
    for name, agent in answer["agents"].items():
        sign, colour = {True: (signs.good, GOOD), False: (signs.dot, QUIET), None: ("?", QUIET)}[agent["usable"]]
        version = f"{one_line(agent['version'])}: " if agent["version"] else ""
        page.append(style.hanging(_head(sign, colour, name), version + clean(agent["reason"])))
    problems = sum(check["state"] == "problem" for check in answer["checks"])
    warnings = sum(check["state"] == "warning" for check in answer["checks"])
    noted = f"; {counted(warnings, 'warning')} to know about" if warnings else ""
    if answer["healthy"]:
        page += ["", line((f"{signs.good} Podium can work here", GOOD), f"{noted}.")]
    else:
        page += ["", line((f"{signs.bad} {counted(problems, 'problem')} to mend first", TROUBLE), f"{noted}.")]
    style.say(console, *page)


def check_rows(console: Console, checks: list[dict[str, Any]]) -> list[RenderableType]:
    """Each check with its sign, and below it what to do."""
    signs = style.marks(console)
    look = {"ok": (signs.good, GOOD), "warning": (signs.warning, ATTENTION), "problem": (signs.bad, TROUBLE)}
    rows: list[RenderableType] = []
    for check in checks:
        sign, colour = look[check["state"]]
        rows.append(style.hanging(_head(sign, colour, check["name"]), clean(check["detail"])))
        if check["to_do"]:
            rows.append(style.hanging(_head(" ", "", ""), (f"{signs.then} {clean(check['to_do'])}", colour)))
    return rows


def _head(sign: str, colour: str, name: str) -> Text:
    return line((f"{sign} ", colour), (one_line(name).ljust(NAME_COLUMNS), "bold"))
