"""What does a delivery from GitHub ask for? A pure reading of it by one table, `deliveries.toml` (GIT-1, GIT-2).

Payloads are read by paths, so that what they lack, or have of another type, is simply not there: real ones break every
strict schema. All text in them is somebody else's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, cast

from podium.tables import beside

Effect = Literal["intake", "feedback", "increment", "build", "scale", "ignored"]

MEMBERS: Final = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""Associations of those who may write to the repository themselves."""
MARK: Final = "<!-- podium:{} -->"
"""In the text of whatever Podium writes there: what bears one and is known here is an echo (GIT-5)."""
DEPLOYED: Final = "gh:pages/{}"
"""The key of a commit that Podium deployed: what is told of it is an echo, too."""
TEXT_CHARS_MAX: Final = 65_536
"""Of one text in a payload: GitHub's own limit for an issue, whose end holds the mark of what Podium wrote."""
REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
"""How GitHub names a repository; the name becomes part of what it is asked (SEC-3)."""
_MARK = re.compile(r"<!-- podium:([^ >]{1,200}) -->")
_OWN = ("effect", "when", "unless", "sweep")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a delivery asks for, and the facts that it is made of; a fact that is not there is empty."""

    effect: Effect
    why: str
    repository: str = ""
    """`owner/name`, in lower case."""
    clone_url: str = ""
    sender: str = ""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> str:
        """A fact."""
        return self.facts.get(name, "")

    @property
    def branch(self) -> str:
        """The branch of this repository that it is about: a fork's (`from`) may bear any name, and is none of them."""
        return self["branch"] if self.facts.get("from", self.repository).lower() == self.repository else ""

    @property
    def is_trusted(self) -> bool:
        """Whether who wrote it may write to the repository, or has had it labelled by one who may."""
        by_another = self["label"] and self.sender != self["login"] and self["sender_type"] != "Bot"
        return self["association"] in MEMBERS or bool(by_another)

    @property
    def mark(self) -> str:
        """The key of what Podium wrote, where the text bears one: the last, for what is before it may be anybody's."""
        return next(reversed(_MARK.findall(self["text"])), "")


@cache
def table() -> dict[str, Any]:
    """The table, as it is in its file."""
    return beside(__file__)


def read(event: str, payload: Mapping[str, Any]) -> Asked:
    """What a delivery asks for; what asks for nothing says why."""
    action = text(payload, "action")
    row: dict[str, Any] | None = table().get(f"{event}.{action}" if action else event)
    about = text(payload, "repository.full_name").lower(), text(payload, "repository.clone_url")
    sender = text(payload, "sender.login")
    if row is None or "effect" not in row:
        known = table()["ignored"].get(event)
        what = f"{event}.{action} asks for nothing" if any(k.startswith(f"{event}.") for k in table()) else ""
        return Asked("ignored", known or what or f"{event[:40]} is not known to this version", *about, sender)
    if not REPOSITORY.fullmatch(about[0]):
        return Asked("ignored", "it names no repository as GitHub does", sender=sender)
    for condition, wanted in (("when", True), ("unless", False)):
        for path, values in {**row.get(condition, {})}.items():
            if ((seen := at(payload, path)) in values) != wanted:
                return Asked("ignored", f"{path} is {seen!r:.40}", *about, sender)
    facts = {name: text(payload, path) for name, path in row.items() if name not in (*_OWN, "labels")}
    labels = at(payload, row.get("labels", ""))
    names = frozenset(str(name) for name in cast("list[Any]", labels)) if isinstance(labels, list) else frozenset[str]()
    return Asked(row["effect"], f"{event}.{action}", *about, sender, facts, names)


def at(payload: Any, path: str) -> Any:
    """What is at a path of names; `*` is every element of a list. None where there is nothing."""
    here: Any = payload
    names = path.split(".")
    for i, name in enumerate(names):
        if name == "*":
            rest, each_of = ".".join(names[i + 1 :]), cast("list[Any]", here)
            return [at(each, rest) if rest else each for each in each_of] if isinstance(here, list) else None
        if not isinstance(here, dict):
            return None
        here = cast("dict[str, Any]", here).get(name)
    return here


def text(payload: Any, path: str) -> str:
    """A text or a number as text, without what no database and no terminal takes."""
    found = at(payload, path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)[:TEXT_CHARS_MAX].replace("\0", "").encode("utf-8", "replace").decode("utf-8")
