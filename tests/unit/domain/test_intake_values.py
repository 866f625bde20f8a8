"""Ids are safe everywhere, documents are readable or refused with what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.domain import document
from podium.domain.errors import InvalidDocument, UsageError
from podium.domain.project import checked_id, slug


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


def test_the_title_is_the_first_heading_else_the_first_words() -> None:
    assert document.title_of("intro\n\n# Hello World\n", "x") == "Hello World"
    assert document.title_of("<!-- note -->\nplain words\n", "x") == "plain words"
    assert document.title_of("---\n", "fallback") == "fallback"
