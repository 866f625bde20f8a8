"""What issues say of each other: order, and files that two of them touch; and what is wrong with it, if anything."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from graphlib import CycleError
from itertools import pairwise
from typing import Any, Final

from podium.domain.pipeline import Item, topological

ITEMS_MAX: Final = 5_000
"""Artifacts of one kind that a workflow may fan out over."""
LINKS_MAX: Final = 100_000
"""Names in `depends_on` and `conflicts_with` of all of them together."""
NAMED_MAX: Final = 10
"""Keys that a complaint lists."""

_LINKS: Final = ("depends_on", "conflicts_with")


def problem(found: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Why these (key, data) cannot be worked on as they stand, for the author to mend; empty when they can."""
    keys = [key for key, _ in found]
    if len(keys) > ITEMS_MAX:
        return f"There are {len(keys):,} issues; {ITEMS_MAX:,} are the most for one project. Put small ones together."
    twice = sorted(key for key, n in Counter(keys).items() if n > 1)
    if twice:
        named = ", ".join(twice[:NAMED_MAX])
        return f"These keys are there more than once: {named}. Give every issue a key of its own."
    links = sum(len(texts(data, name)) for _, data in found for name in _LINKS)
    if links > LINKS_MAX:
        return f"The issues name each other {links:,} times; {LINKS_MAX:,} are the most. Leave out what others imply."
    known = set(keys)
    for key, data in found:
        for name in _LINKS:
            strange = [other for other in texts(data, name) if other not in known]
            if strange:
                named = ", ".join(strange[:NAMED_MAX])
                return f"Issue {key} {name} {named}, which does not exist. Name issues by their keys."
    try:
        topological([Item(key, texts(data, "depends_on")) for key, data in found])
    except CycleError as error:
        circle = " -> ".join(shortened([*reversed(error.args[1])]))
        return f"These issues wait for each other, so none could begin: {circle}. Remove one depends_on."
    return ""


def shortened(circle: list[str]) -> list[str]:
    """A circle of thousands is as clear with its middle left out."""
    return circle if len(circle) <= NAMED_MAX else [*circle[: NAMED_MAX - 1], "…", circle[-1]]


def items(found: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Item]:
    """The (key, data) as items: each after those it depends on and after earlier ones it must not run beside.

    Two issues run one after the other when one names the other in `conflicts_with` or both list a file in `files`.
    What comes first is decided by an order that keeps all dependencies, so this never makes a circle.
    """
    known = {key for key, _ in found}
    depends = {key: tuple(o for o in texts(data, "depends_on") if o in known and o != key) for key, data in found}
    order = [item.key for item in topological([Item(key, after) for key, after in depends.items()])]
    place = {key: i for i, key in enumerate(order)}
    after: dict[str, set[str]] = {key: set(others) for key, others in depends.items()}
    touched: defaultdict[str, set[str]] = defaultdict(set)
    apart: list[set[str]] = []
    for key, data in found:
        for file in texts(data, "files"):
            touched[file].add(key)
        apart += [{key, other} for other in texts(data, "conflicts_with") if other in known]
    for keys in (*touched.values(), *apart):
        for first, second in pairwise(sorted(keys, key=place.__getitem__)):
            after[second].add(first)
    return [Item(key, tuple(sorted(after[key], key=place.__getitem__))) for key, _ in found]


def texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts in an artifact's data; what is not a text is left out."""
    value: Any = data.get(name)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list | tuple) else ()  # pyright: ignore[reportUnknownVariableType] - an agent's data
