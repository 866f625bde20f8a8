"""A workflow's states as a track: what lies behind, where it stands, what is ahead, and how many chains stand where."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from podium.domain import lifecycle
from podium.domain.pipeline import workflow_of
from podium.faces.cli.markup import THEN, styled
from podium.faces.wording import one_line

View = Mapping[str, Any]
"""A workflow of the operation `project`: `state`, and in `chains` the open chains per state."""

SPARE_COLUMNS: Final = 2
"""Kept for a count, so that a track does not change its form while jobs come and go."""
BRACKETS_COLUMNS: Final = 2


class _Form(NamedTuple):
    """How much of a track is shown."""

    short_names: bool
    blanks: bool
    whole: bool = True


_FORMS: Final = (_Form(False, True), _Form(True, True), _Form(True, False), _Form(True, False, whole=False))
"""From the widest to the narrowest: whole names, short names, closer together, only the state where it stands."""


def tracks(workflows: Mapping[str, View], columns: int, *, colour: bool) -> list[tuple[str, str]]:
    """Every lane with its track, all in the widest form that fits; lanes the project has not entered are all ahead.

    A track is marked as pages are. Without colour the state where it stands is in brackets.
    """
    known = list(lifecycle.WORKFLOWS)
    names = [*known, *(name for name in workflows if name not in known)]
    room = columns - SPARE_COLUMNS - (0 if colour else BRACKETS_COLUMNS)
    form = next((f for f in _FORMS if all(_columns(name, f) <= room for name in names)), _FORMS[-1])
    return [(name, _track(name, workflows.get(name), form, colour=colour)) for name in names]


def _columns(workflow: str, form: _Form) -> int:
    """The width of a track without counts."""
    states = [_name(workflow, state, form) for state in lifecycle.WORKFLOWS.get(workflow_of(workflow), ())]
    if not states or not form.whole:
        return 0
    return sum(map(len, states)) + (3 if form.blanks else 1) * (len(states) - 1)


def _name(workflow: str, state: str, form: _Form) -> str:
    """`DEV_QUEUED` in a short form is `QUEUED`: the lane's name stands before it."""
    plain = one_line(state)
    return plain.removeprefix("DEV_").removeprefix(f"{workflow_of(workflow).upper()}_") if form.short_names else plain


def _track(workflow: str, view: View | None, form: _Form, *, colour: bool) -> str:
    chains: Mapping[str, int] = view["chains"] if view else {}
    order = list(lifecycle.WORKFLOWS.get(workflow_of(workflow), ())) or ([str(view["state"])] if view else [])
    at = order.index(view["state"]) if view and view["state"] in order else -1
    here = "good" if at == len(order) - 1 else "active"
    shown: Sequence[str] = order if form.whole else order[max(at, 0) : max(at, 0) + 1]
    track: list[str] = []
    for state in shown:
        place, name = order.index(state), _name(workflow, state, form)
        if place == at:
            told = styled(styled(name if colour else f"[{name}]", here), "bold")
        else:
            told = styled(name, "good" if place < at else "quiet")
        track.append(told + (styled(f" {chains[state]}", "bold") if chains.get(state) else ""))
    return styled(f" {THEN} " if form.blanks else THEN, "quiet").join(track)
