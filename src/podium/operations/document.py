"""A requirement document as it comes in: checked bytes, and what can be told from them without analysis."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from podium.domain.errors import InvalidDocument
from podium.domain.project import TITLE_CHARS_MAX, cut
from podium.refusals import refusal

BYTES_MAX: Final = 2 * 1024 * 1024
NOTE_TITLE_CHARS_MAX: Final = 80
"""Of a title that nobody wrote as one: the beginning of a note."""

_UNSEEN: Final = frozenset({"Cc", "Cs"})
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_NO_WORDS = re.compile(r"\s*(?:<!--|[-=*_ ]{3,}$)")
_LIST_MARK = re.compile(r"^\s*(?:(?:[-*+>]|\d{1,9}[.)])\s+)+(?:\[[ xX]\]\s+)?")
_SENTENCE = re.compile(r"(.{8,}?(?:[.!?\u061f\u0964](?=\s|$)|[\u3002\uff01\uff1f]))")


def decode(content: bytes, name: str, size_bytes: int = 0) -> str:
    """The document's text; raises `InvalidDocument` for anything an agent could not read.

    `size_bytes` is for messages: what it has in all, where no more was read than its limit and one byte.
    """
    if len(content) > BYTES_MAX:
        size, limit = max(size_bytes, len(content)) / 2**20, BYTES_MAX / 2**20
        raise InvalidDocument(refusal("large document", name=name, size=size, limit=limit))
    if b"\0" in content:
        raise InvalidDocument(f"{name} is a binary file. Give a requirement document in Markdown (plain text).")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDocument(refusal("no text", name=name, at=error.start)) from None
    if not text.strip():
        raise InvalidDocument(f"{name} is empty. Write what is to be built: a title, and a list of features.")
    return text


def one_line(text: str, chars_max: int = TITLE_CHARS_MAX) -> str:
    """`text` on one line without control characters, cut between words where it can be; empty when nothing shows."""
    line = " ".join("".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in _UNSEEN).split())
    shows = any(unicodedata.category(c)[0] in "LNPS" for c in line)
    return cut(line, chars_max) if shows else ""


def title_of(text: str, fallback: str) -> str:
    """The first top heading, else any heading, else a note's first line or sentence, else `fallback`."""
    lines = list(_outside_fences(text))
    headings = [found for line in lines if (found := _HEADING.fullmatch(line))]
    top = next((one_line(found[2]) for found in headings if len(found[1]) == 1), "")
    words = (line for line in lines if line.strip() and not _NO_WORDS.match(line) and not _HEADING.fullmatch(line))
    first = (_first_sentence(one_line(_LIST_MARK.sub("", line), BYTES_MAX)) for line in words)
    other = (one_line(found[2]) for found in headings)
    return top or next(filter(None, other), "") or next(filter(None, first), "") or one_line(fallback) or "Project"


def _outside_fences(text: str) -> Iterator[str]:
    """The lines that are no code: a comment in a script is no heading."""
    fence = ""
    for line in text.splitlines():
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~"):
            fence = "" if fence == mark else fence or mark
        elif not fence:
            yield line


def _first_sentence(line: str) -> str:
    """A long line's first sentence, at most as long as a note's title should be."""
    if len(line) <= NOTE_TITLE_CHARS_MAX:
        return line
    found = _SENTENCE.match(line)
    return one_line(found[1] if found else line, NOTE_TITLE_CHARS_MAX)
