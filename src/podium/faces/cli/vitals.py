"""The pages of `podium health` and `podium metrics`: is all well, and what came of the work."""

from typing import Any, Final

from rich.console import Console, RenderableType

from podium.faces.cli import style
from podium.faces.cli.checkup import check_rows
from podium.faces.cli.style import ATTENTION, GOOD, TROUBLE, labelled, left, line, right
from podium.faces.cli.wording import UNKNOWN, counted, duration, figure, one_line, percent

Answer = dict[str, Any]

WINDOW_NAMES: Final = {"1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days"}
BARS: Final = "▁▂▃▄▅▆▇█"
PLAIN_BARS: Final = "_.-=+*#@"
BARS_MAX: Final = 48
"""Of a longer window, the latest hours."""


def render_health(console: Console, answer: Answer) -> None:
    """Each check, and the worst of them in a word."""
    signs = style.marks(console)
    said = {
        "ok": line((f"{signs.good} All is well.", GOOD)),
        "warning": line((f"{signs.warning} It works; what is marked wants a look.", ATTENTION)),
        "problem": line((f"{signs.bad} Something has to be mended.", TROUBLE)),
    }
    style.say(console, *check_rows(console, answer["checks"]), "", said[answer["state"]])


def render_metrics(console: Console, answer: Answer) -> None:
    """The sum of it, each workflow, and the hours as bars."""
    wide = style.is_wide(console)
    names = ("started", "of the pool", "wait p50", "wait p95", "in vain", "completed")
    table = style.table(left("Workflow"), *map(right, (*names, *(("each took", "busy") if wide else ()))))
    for name, row in answer["workflows"].items():
        vain = sum(row["verdicts"].get(kind, 0) for kind in ("retry", "rework", "bury"))
        more = (duration(row["average_seconds"]), duration(row["busy_seconds"])) if wide else ()
        style.row(
            table,
            one_line(name),
            style.count(row["started"]),
            percent(row["utilization"]),
            *(duration(row[key]) for key in ("wait_p50_seconds", "wait_p95_seconds")),
            style.count(vain, ATTENTION),
            style.count(row["projects_completed"]),
            *more,
        )
    cost = UNKNOWN if answer["cost_usd"] is None else f"{answer['cost_usd']:,.2f} USD"
    style.say(
        console,
        labelled("In", WINDOW_NAMES[answer["window"]]),
        labelled("Projects", style.dotted(
            console,
            f"{answer['projects_completed']:,} completed",
            (f"{answer['projects_failed']:,} failed", TROUBLE if answer["projects_failed"] else ""),
            f"success {percent(answer['success_rate'])}",
            f"{figure(answer['projects_per_hour'])} an hour",
            f"average {duration(answer['average_pipeline_seconds'])}",
        )),
        labelled("Spend", f"{cost}; {counted(answer['retries'], 'attempt')} in vain"),
        *_hours(console, answer),
        "",
        table,
    )  # fmt: skip


def _hours(console: Console, answer: Answer) -> list[RenderableType]:
    """Attempts begun in each hour, the present one last; none where a window has no second hour to compare with."""
    by_hour = {round(row["at"]): sum(row["started"].values()) for row in answer["hours"]}
    if len(by_hour) < 2:
        return []
    last = max(by_hour)
    first = max(round(answer["since"]), last - (BARS_MAX - 1) * 3600)
    values = [by_hour.get(at, 0) for at in range(first, last + 1, 3600)]
    bars = PLAIN_BARS if console.options.ascii_only else BARS
    most = max(values)
    shown = "".join(bars[value * (len(bars) - 1) // most] if value else " " for value in values)
    return [labelled("By hour", f"{shown}  at most {most:,} attempts begun in one")]
