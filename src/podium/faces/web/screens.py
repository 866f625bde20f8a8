"""What the dashboard's screens show: each is a template over the answers of a few operations."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Answers = dict[str, Any]
Asked = Mapping[str, Any]
"""What an operation is asked."""

EVENTS_SHOWN: Final = 100
TICKER_EVENTS: Final = 14
JOBS_SHOWN: Final = 200
REVIEWS_READ: Final = 500
"""The screens show the oldest of them."""
PROJECTS_SHOWN: Final = 100
DIGITS_MAX: Final = 18


Needs = Callable[[Mapping[str, str], Answers], Asked | None]
"""From the address's parameters, and the answers so far; None where there is nothing to ask."""


def _given(*names: str, **fixed: Any) -> Needs:
    """The address's parameters of these names, and what never changes."""

    def needs(params: Mapping[str, str], _answers: Answers) -> Asked:
        return {**fixed, **{name: params[name] for name in names if params.get(name)}}

    return needs


class Ask(NamedTuple):
    """One operation that a screen needs; its answer has the name `name` in the template."""

    name: str
    operation: str
    asked: Needs = _given()


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


def _latest(shown: int) -> Ask:
    """The newest events, or those before a number."""

    def page(params: Mapping[str, str], answers: Answers) -> Asked:
        before = place(params)
        end = answers["log"].last if before is None else before - 1
        return {"after": max(0, end - shown), "limit": shown, "named": True}

    return Ask("events", "events", page)


def _page_of_log(params: Mapping[str, str], _answers: Answers) -> Asked:
    return {"instance": params["instance"], "before": place(params), "find": params.get("find", "")}
def _reviewed(params: Mapping[str, str], answers: Answers) -> Asked | None:
    """The job of the review that is chosen, or of the oldest."""
    listed = answers["reviews"].reviews
    chosen = next((one for one in listed if str(one.id) == params.get("review")), listed[-1] if listed else None)
    answers["chosen"] = chosen
    return {"job": chosen.job} if chosen else None


def _planned(_params: Mapping[str, str], answers: Answers) -> Asked | None:
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
"""In the order of the navigation."""
