"""What the dashboard's screens show: each is a template over the answers of a few operations (`screens.toml`)."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

Answers = dict[str, Any]
Asked = Mapping[str, Any]
"""What an operation is asked."""

DIGITS_MAX: Final = 18


class Ask(NamedTuple):
    """One operation that a screen needs; its answer has the name `name` in the template."""

    name: str
    operation: str = ""
    """Empty where it has the same name."""
    given: tuple[str, ...] = ()
    """Parameters of the address that it is asked with."""
    fixed: Asked = MappingProxyType({})
    by: str = ""
    """One of `NEEDS`, which says instead what is asked."""

    def asked(self, params: Mapping[str, str], answers: Answers) -> Asked | None:
        """What it is asked, by the answers so far too; None where there is nothing to ask."""
        if self.by:
            return NEEDS[self.by](params, answers, self.fixed)
        return {**self.fixed, **{name: params[name] for name in self.given if params.get(name)}}


class Screen(NamedTuple):
    """One page; `path` may hold a parameter. Those with a `key` stand in the navigation."""

    path: str
    title: str
    template: str
    asks: tuple[Ask, ...]
    key: str = ""
    """With which `g` leads there."""


def place(params: Mapping[str, str]) -> int | None:
    """Where the page before this one ends, by the parameter `before`; None for the newest page."""
    told = params.get("before", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < DIGITS_MAX else None


def _latest(params: Mapping[str, str], answers: Answers, fixed: Asked) -> Asked:
    """The newest events, or those before a number."""
    before = place(params)
    end = answers["log"].last if before is None else before - 1
    return {"after": max(0, end - fixed["limit"]), "named": True, **fixed}


def _page_of_log(params: Mapping[str, str], _answers: Answers, _: Asked) -> Asked:
    return {"instance": params["instance"], "before": place(params), "find": params.get("find", "")}


def _reviewed(params: Mapping[str, str], answers: Answers, _: Asked) -> Asked | None:
    """The job of the review that is chosen, or of the oldest."""
    listed = answers["reviews"].reviews
    chosen = next((one for one in listed if str(one.id) == params.get("review")), listed[-1] if listed else None)
    answers["chosen"] = chosen
    return {"job": chosen.job} if chosen else None


def _planned(_params: Mapping[str, str], answers: Answers, _: Asked) -> Asked | None:
    """The plan that the chosen review is about."""
    chosen = answers["chosen"]
    return {"project": chosen.project} if chosen and chosen.kind == "plan" else None


NEEDS: Final[Mapping[str, Callable[[Mapping[str, str], Answers, Asked], Asked | None]]] = {
    "latest": _latest, "page_of_log": _page_of_log, "reviewed": _reviewed, "planned": _planned
}  # fmt: skip


def _screen(asks: Mapping[str, Any], **told: str) -> Screen:
    return Screen(asks=tuple(Ask(name, **ask) for name, ask in asks.items()), **told)


SCREENS: Final = tuple(
    _screen(**told) for told in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["screens"]
)
"""In the order of the navigation."""
