"""A requirement document as it comes in: checked bytes, and what can be told from them without analysis."""

from typing import Final

from podium.domain.errors import InvalidDocument
from podium.domain.project import TITLE_CHARS_MAX

BYTES_MAX: Final = 2 * 1024 * 1024


def decode(content: bytes, name: str) -> str:
    """The document's text; raises `InvalidDocument` for anything an agent could not read."""
    if len(content) > BYTES_MAX:
        size, limit = len(content) / 2**20, BYTES_MAX / 2**20
        raise InvalidDocument(
            f"{name} has {size:.1f} MiB; a requirement document may have {limit:.0f} MiB. "
            "Put large material into the repository and refer to it."
        )
    if b"\0" in content:
        raise InvalidDocument(f"{name} is a binary file. Give a requirement document in Markdown (plain text).")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDocument(
            f"{name} is not UTF-8: the byte at {error.start} cannot be read. Save it as UTF-8 and submit it again."
        ) from None
    if not text.strip():
        raise InvalidDocument(f"{name} is empty. Write what is to be built: a title, and a list of features.")
    return text


def title_of(text: str, fallback: str) -> str:
    """The first heading, else the first line of words, else `fallback`; at most 200 characters."""
    lines = [line.strip() for line in text.splitlines()]
    heading = next((line.lstrip("#").strip() for line in lines if line.startswith("# ")), "")
    words = next((line for line in lines if line and not line.startswith(("<!--", "---", "#"))), "")
    return (heading or words or fallback)[:TITLE_CHARS_MAX].strip()
