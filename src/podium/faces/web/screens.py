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


def _page_of_log(params: Mapping[str, str], _answers: Answers) -> Asked:
    return {"instance": params["instance"], "before": place(params), "find": params.get("find", "")}
def _reviewed(params: Mapping[str, str], answers: Answers) -> Asked | None:
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


SCREENS: Final = (
    Screen(
        "/", "Overview", "overview.html",
        (
            Ask("status", "status"), Ask("targets", "targets"),
            Ask("reviews", "review list", _given(limit=REVIEWS_READ)), Ask("letters", "dead-letters", _given(limit=5)),
            Ask("stuck", "stuck", _given(limit=5)), Ask("notices", "notices", _given(limit=50)),
            Ask("metrics", "metrics"), Ask("load", "bottleneck"), _latest(TICKER_EVENTS),
        ), "o",
    ),
    Screen(
        "/projects", "Projects", "projects.html",
        (Ask("projects", "projects", _given("before", limit=PROJECTS_SHOWN)),), "p",
    ),
    Screen(
        "/projects/{project}", "Project", "project.html",
        (
            Ask("project", "project", _given("project")),
            Ask("jobs", "jobs", _given("project", "after", limit=JOBS_SHOWN)),
            Ask("reviews", "review list", _given("project", limit=REVIEWS_READ)),
        ),
    ),
    Screen("/jobs/{job}", "Job", "job.html", (Ask("why", "why", _given("job")),)),
    Screen("/jobs/{job}/diff", "Work", "diff.html", (Ask("diff", "diff", _given("job", "attempt", "after")),)),
    Screen("/instances", "Instances", "instances.html", (Ask("instances", "instances"),), "i"),
    Screen(
        "/instances/{instance}", "Instance", "instance.html",
        (Ask("instances", "instances"), Ask("page", "log", _page_of_log)),
    ),
    Screen("/queues", "Queues", "queues.html", (Ask("queues", "queues"), Ask("backlog", "backlog")), "q"),
    Screen(
        "/review", "Review", "review.html",
        (
            Ask("reviews", "review list", _given(limit=REVIEWS_READ)),
            Ask("why", "why", _reviewed), Ask("plan", "plan", _planned),
        ), "r",
    ),
    Screen(
        "/fleet", "Fleet", "fleet.html",
        (
            Ask("status", "status"), Ask("instances", "instances"), Ask("bottleneck", "bottleneck"),
            Ask("health", "health"), Ask("decisions", "scaling decisions", _given(limit=30)),
        ), "f",
    ),
    Screen("/charts", "Charts", "charts.html", (Ask("metrics", "metrics", _given("window")),), "c"),
    Screen("/events", "Events", "events.html", (_latest(EVENTS_SHOWN),), "e"),
    Screen(
        "/settings", "Settings", "settings.html",
        (Ask("settings", "settings"), Ask("tokens", "token list")), "s",
    ),
)  # fmt: skip
NEEDS: Final[Mapping[str, Callable[[Mapping[str, str], Answers, Asked], Asked | None]]] = {
    "latest": _latest, "reviewed": _reviewed, "planned": _planned
}  # fmt: skip


def _screen(asks: Mapping[str, Any], **told: str) -> Screen:
    return Screen(asks=tuple(Ask(name, **ask) for name, ask in asks.items()), **told)


SCREENS: Final = tuple(
    _screen(**told) for told in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["screens"]
)
"""In the order of the navigation."""
