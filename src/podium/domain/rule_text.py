"""The words of a rule: a text with placeholders from a closed set, checked on load and filled from an event."""

import re
from collections.abc import Mapping
from typing import Final

PLACEHOLDERS: Final = (
    "project",
    "title",
    "workflow",
    "state",
    "event",
    "job",
    "instance",
    "review",
    "reason",
    "issues",
    "url",
)
"""What a text may ask for; what an event does not say is filled in as nothing."""

_BRACES = re.compile(r"\{([^{}]*)\}")


def asked(text: str) -> list[str]:
    """The names between braces, known or not."""
    return _BRACES.findall(text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; a value's own braces are left alone."""
    return _BRACES.sub(lambda found: values.get(found[1], ""), text)
