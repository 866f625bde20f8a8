"""A workflow's states as a track: what lies behind, where it stands, what is ahead, and how many chains stand where."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.text import Text

from podium.domain import lifecycle
from podium.faces.cli.style import ACTIVE, GOOD, QUIET, Marks
from podium.faces.cli.wording import one_line

_PREFIXES: Final = {"development": "DEV_"}
"""What the states of a workflow begin with beside its own name; a narrow track leaves it out."""

TRACK_COLUMNS_MIN: Final = 24


def lanes(workflows: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Every lane in the pipeline's order, with the project's part of it; None for one it has not entered."""
    known = list(lifecycle.WORKFLOWS)
    return [(name, workflows.get(name)) for name in (*known, *(name for name in workflows if name not in known))]


def track(workflow: str, view: Mapping[str, Any] | None, columns: int, signs: Marks) -> Text:
    """The widest form of the track that fits; one that the project has not entered is all ahead.

    `view` is a workflow of the operation `project`: `state`, and in `chains` the open chains per state.
    """
    states = list(lifecycle.WORKFLOWS.get(workflow, ())) or ([view["state"]] if view else [])
    made = Text()
    for made in _forms(workflow, states, view, signs):
        if made.cell_len <= columns:
            return made
    made.truncate(max(columns, TRACK_COLUMNS_MIN), overflow="ellipsis")
    return made


def _forms(workflow: str, states: list[str], view: Mapping[str, Any] | None, signs: Marks) -> Iterator[Text]:
    """The track in ever shorter forms: whole names, short names, closer together, without what lies behind."""
    short = {state: _short(workflow, state) for state in states}
    wide, close = f" {signs.then} ", signs.then
    at = states.index(view["state"]) if view and view["state"] in states else 0
    yield _joined(states, {state: state for state in states}, view, wide, signs)
    yield _joined(states, short, view, wide, signs)
    yield _joined(states, short, view, close, signs)
    yield _joined(states[at:], short, view, close, signs)
    yield _joined(states[at : at + 1], short, view, close, signs)


def _joined(
    states: list[str], names: Mapping[str, str], view: Mapping[str, Any] | None, between: str, signs: Marks
) -> Text:
    chains: Mapping[str, int] = view["chains"] if view else {}
    order = list(names)
    at = order.index(view["state"]) if view and view["state"] in order else -1
    ended = at == len(order) - 1
    text = Text()
    for state in states:
        place = order.index(state)
        if state != states[0]:
            text.append(between, style=QUIET)
        if place == at:
            text.append(
                f"{names[state]} {signs.good}" if ended else names[state], style=f"bold {GOOD if ended else ACTIVE}"
            )
        elif place < at:
            text.append(names[state], style=GOOD)
        else:
            text.append(names[state], style=QUIET)
        if chains.get(state):
            text.append(f" {chains[state]}", style="bold")
    return text


def _short(workflow: str, state: str) -> str:
    prefix = _PREFIXES.get(workflow, f"{workflow.upper()}_")
    return one_line(state).removeprefix(prefix)
