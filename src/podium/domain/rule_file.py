"""Reads one `[[rules]]` table: what it waits for, the one thing that it does, and its words (EVT-4)."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, cast

from podium.domain import message
from podium.domain.errors import InvalidPipeline, UsageError
from podium.domain.event import TYPES
from podium.domain.pipeline import EVENT, Rule, Workflow

KEYS: Final = ("on", "enqueue", "notify", "needs_you", "message", "webhook")
ACTIONS: Final = ("enqueue", "notify", "message", "webhook")
_WEBHOOK = re.compile(r"[a-z][a-z0-9_-]{0,39}")
PLACEHOLDERS: Final = (
    "project", "title", "workflow", "state", "event", "job", "instance", "review", "reason", "issues", "url",
)  # fmt: skip
"""What a text may ask for; what an event does not say is filled in as nothing."""
_BRACES = re.compile(r"\{([^{}]*)\}")
_ENDINGS: Final = frozenset({"project.completed", "project.failed", "project.cancelled"})

Fail = Callable[[str, str], InvalidPipeline]
"""Makes the error for a message and the key it is about."""


def read(
    number: int, raw: Mapping[str, Any], workflows: Mapping[str, Workflow], webhooks: Collection[str] | None, fail: Fail
) -> Rule:
    """The rule in `raw`. `webhooks` are those of the configuration, None where nobody knows them."""
    on = _on(raw.get("on"), workflows, fail)
    actions = [name for name in ACTIONS if name in raw]
    if len(actions) != 1:
        said = " and ".join(actions) or "nothing"
        raise fail(f"a rule does exactly one of {', '.join(ACTIONS)}; this one does {said}.", "on")
    (action,) = actions
    if "needs_you" in raw and (action != "notify" or not isinstance(raw["needs_you"], bool)):
        raise fail("needs_you is true or false, and goes with notify only.", "needs_you")
    if action == "enqueue":
        return Rule(on, enqueue=_enqueue(on, raw["enqueue"], workflows, fail), number=number)
    if action == "notify":
        text = _text(raw["notify"], "notify", fail)
        return Rule(on, notify=text, needs_you=raw.get("needs_you", False), number=number)
    if action == "message":
        to, text = _message(on, raw["message"], workflows, fail)
        return Rule(on, to=to, text=text, number=number)
    return Rule(on, webhook=_webhook(raw["webhook"], webhooks, fail), number=number)


def _on(on: Any, workflows: Mapping[str, Workflow], fail: Fail) -> str:
    on = str(on or "")
    if on.startswith(EVENT):
        if on.removeprefix(EVENT) not in TYPES:
            raise fail(f"on = {on!r}: there is no such event; events are {', '.join(sorted(TYPES))}.", "on")
        return on
    workflow, _, state = on.partition(".")
    if workflow in workflows and state == workflows[workflow].states[0]:
        raise fail(f"on = {on!r}: a workflow begins in that state; name a later one.", "on")
    if workflow not in workflows or state not in workflows[workflow].states:
        raise fail(f"on = {on!r} must be WORKFLOW.STATE, with a state of that workflow, or event:TYPE.", "on")
    return on


def _enqueue(on: str, workflow: Any, workflows: Mapping[str, Workflow], fail: Fail) -> str:
    if workflow not in workflows:
        raise fail(f"enqueue = {workflow!r} is not a workflow ({', '.join(workflows)}).", "enqueue")
    if on.removeprefix(EVENT) in _ENDINGS:
        raise fail(f"on = {on!r}: the project has ended then, and no workflow of it can begin.", "on")
    return workflow


def _text(text: Any, key: str, fail: Fail) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > message.TEXT_CHARS_MAX:
        raise fail(f"{key} needs a text of 1 to {message.TEXT_CHARS_MAX} characters.", key)
    for name in asked(text):
        if name not in PLACEHOLDERS:
            raise fail(f"unknown placeholder {{{name}}}; known: {', '.join(PLACEHOLDERS)}.", key)
    return text.strip()


def _message(on: str, raw: Any, workflows: Mapping[str, Workflow], fail: Fail) -> tuple[str, str]:
    if not isinstance(raw, dict) or set(cast("dict[str, Any]", raw)) != {"to", "text"}:
        raise fail('message must be { to = "workflow:development", text = "…" }.', "message")
    if on.startswith(f"{EVENT}message."):
        raise fail(f"on = {on!r}: a message about messages would never end; notify or call a webhook.", "on")
    told = cast("dict[str, Any]", raw)
    try:
        to = message.checked_address(str(told["to"]), known(workflows))
    except UsageError as error:
        raise fail(f"message.to: {error}", "message") from None
    return to, _text(told["text"], "message", fail)


def known(workflows: Mapping[str, Workflow]) -> dict[str, list[str]]:
    """Whom a pipeline's messages can be for."""
    return {
        "instance": [name for workflow in workflows.values() for name in workflow.instances],
        "role": list(dict.fromkeys(role for workflow in workflows.values() for role in workflow.roles)),
        "workflow": list(workflows),
    }


def _webhook(name: Any, webhooks: Collection[str] | None, fail: Fail) -> str:
    if not isinstance(name, str) or not _WEBHOOK.fullmatch(name):
        raise fail(f"webhook = {name!r} must be the name of a [webhooks.NAME] in podium.toml, never a URL.", "webhook")
    if webhooks is not None and name not in webhooks:
        there = ", ".join(webhooks) or "none"
        raise fail(f"webhook = {name!r}: podium.toml has no [webhooks.{name}]; it has {there}.", "webhook")
    return name


def asked(text: str) -> list[str]:
    """The names between braces, known or not."""
    return _BRACES.findall(text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; a value's own braces are left alone."""
    return _BRACES.sub(lambda found: values.get(found[1], ""), text)
