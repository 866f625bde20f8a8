"""Ids are safe everywhere, documents are readable or refused with what to do."""

import pytest
from hypothesis import given, strategies as st

from podium.domain.errors import InvalidDocument, UsageError
from podium.domain.project import TITLE_CHARS_MAX, checked_id, slug
from podium.operations import document


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize("text", ["../up", "a/b", "", ".", "-a", "a-", "UPPER", "con", "x" * 61, "a\0b", "ü", "a b"])
def test_an_id_that_would_leave_its_folder_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be a project id"):
        checked_id(text)


@given(st.text(max_size=300))
def test_every_title_gives_a_valid_id(text: str) -> None:
    assert checked_id(slug(text, "fallback"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"%PDF-1.7\0\0", "is a binary file"),
        (b"# caf\xe9", "is not UTF-8: the byte at 5"),
        (b"x" * (document.BYTES_MAX + 1), "may have 2 MiB"),
    ],
)
def test_an_unreadable_document_is_refused_with_the_reason(content: bytes, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        document.decode(content, "mine.md")


def test_a_byte_order_mark_is_no_text() -> None:
    assert document.decode(b"\xef\xbb\xbf# A", "mine.md") == "# A"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("intro\n\n# Hello World\n", "Hello World"),
        ("```\n# a comment\n```\n## Deeper\n\n# Top #\n", "Top"),
        ("words\n\n### Deeper\n", "Deeper"),
        ("<!-- note -->\nplain words\n", "plain words"),
        ("---\n", "fallback"),
        ("# \u202e\u200b\n", "fallback"),
        ("#!/bin/sh\necho\n", "#!/bin/sh"),
    ],
)
def test_the_title_is_the_best_heading_else_the_first_words(text: str, title: str) -> None:
    assert document.title_of(text, "fallback") == title


@pytest.mark.requirement("INT-1")
@pytest.mark.parametrize(
    ("note", "title"),
    [
        ("Guest book\nPeople sign it.\n", "Guest book"),
        ("- [ ] guest book\n- [ ] more\n", "guest book"),
        ("> 1. guest book\n", "guest book"),
        ("We need a guest book. " + "It must be nice to use for everybody who comes. " * 3, "We need a guest book."),
        ("\u6211\u4eec" * 6 + "\u3002" + "\u8bd5" * 200, "\u6211\u4eec" * 6 + "\u3002"),
        ("word " * 100, ("word " * 15).strip() + "…"),
        ("\u8a9e" * 10_000, "\u8a9e" * 79 + "…"),
        ("a\x07\tb\x1b[31m\n", "a b[31m"),
    ],
)
def test_a_note_gets_a_sensible_title(note: str, title: str) -> None:
    assert document.title_of(note, "fallback") == title


@given(st.text(max_size=300), st.text(max_size=300))
def test_every_text_has_a_title_that_can_be_shown(text: str, fallback: str) -> None:
    title = document.title_of(text, fallback)
    assert 0 < len(title) <= TITLE_CHARS_MAX
    assert document.one_line(title) == title
