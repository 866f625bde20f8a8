"""What is being built: a project's record, and how a title becomes an id that is safe everywhere."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from podium.domain.errors import UsageError
from podium.refusals import refusal

ID_CHARS_MAX: Final = 60
TITLE_CHARS_MAX: Final = 200

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,59}")
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""What Windows takes for a device, whatever the folder."""


def slug(text: str, fallback: str, chars_max: int = ID_CHARS_MAX) -> str:
    """An id made from free text: lower-case ASCII letters, digits and dashes, cut between words where it can be.

    Text with nothing to keep (another script, punctuation) gives `fallback`.
    """
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    made = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    if len(made) > chars_max:
        made = made[: chars_max + 1].rpartition("-")[0] or made[:chars_max]
    return fallback if not made or _RESERVED.fullmatch(made) else made


def cut(line: str, chars_max: int) -> str:
    """A line of at most so many characters, cut between words where it can be."""
    if len(line) <= chars_max:
        return line
    head = line[: chars_max - 1]
    at_word = head.rsplit(" ", 1)[0]
    # A script without spaces has no word boundary to cut at.
    return (at_word if len(at_word) > chars_max // 2 else head).rstrip(" ,;:.") + "…"


def checked_id(text: str) -> str:
    """`text` if it is a project id that is safe as a file name, a branch and a host label; else `UsageError`."""
    if not _ID.fullmatch(text) or _RESERVED.fullmatch(text):
        raise UsageError(refusal("no id", text=text[:80], most=ID_CHARS_MAX, example=slug(text, "my-project")))
    return text


def checked_version(text: str) -> str:
    """`text` if it can name a version of a project: a tag, a number, a commit; else `UsageError`."""
    if not _VERSION.fullmatch(text):
        raise UsageError(refusal("no version", text=text[:80], most=ID_CHARS_MAX))
    return text


@dataclass(frozen=True, slots=True)
class Project:
    """One thing being built (INT-3). `created_at` is in seconds since the epoch."""

    id: str
    title: str
    brief: str
    type: str | None
    complexity: str | None
    business_value: int
    priority: int
    """0 is idle-time work, 50 the default, 100 the most urgent."""
    repository_url: str | None
    source: str
    created_at: float
    pipeline: str
    """The digest of the pipeline it started with, and keeps."""
    agent: str
    """The agent its jobs are given to: `rehearsal`, `claude`, …"""
    weight: int = 1
    """Its share of the capacity: one of weight 3 may have three times as many chains open as one of 1 (QUE-2)."""
    budget_usd: float | None = None
    """What it may cost before it is paused; None for no limit of its own."""
