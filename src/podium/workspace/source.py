"""Names of existing repositories: a folder of this machine or a URL, checked before anything is asked of it (SEC-3)."""

import os
import re
import unicodedata
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from podium.domain.errors import UsageError
from podium.refusals import refusal

CHARS_MAX: Final = 2_048
SCHEMES: Final = ("https", "http", "ssh", "file")

_HELPER = re.compile(r"[A-Za-z0-9+.-]*::")
"""`ext::sh -c …`: git would start a program of that name."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_USER = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*)")
_SHORT = re.compile(rf"{_USER.pattern}@(?:{_HOST.pattern}):[^-\s:][^\s:]*")
"""`git@host:path`, ssh's short form."""
_UNSAFE = re.compile(r"[\s\\\"'`$<>|;&(){}]")

_EXAMPLES = "Give a folder, or a URL such as https://example.com/team/app.git or git@example.com:team/app.git"


def is_path(text: str) -> bool:
    """Whether `text` is a folder's name rather than a URL."""
    return "://" not in text and not _HELPER.match(text) and not _SHORT.fullmatch(text)


def from_here(text: str, folder: Path) -> str:
    """What was named in `folder`: a relative path made absolute, anything else as it is."""
    if not text or text.startswith("-") or not is_path(text):
        return text
    return os.path.abspath(folder / Path(text).expanduser())  # noqa: PTH100 - links stay as the user named them


def checked(text: str) -> str:
    """The source as it is kept, an absolute path or a URL without credentials; raises UsageError."""
    if not text or len(text) > CHARS_MAX:
        raise UsageError(f"A repository's name has 1 to {CHARS_MAX} characters. {_EXAMPLES}.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise UsageError("The repository's name holds characters that cannot be shown. Type it again.")
    if text.startswith("-"):
        raise UsageError(f"{text[:80]!r} looks like an option of git. Write ./ before a folder of that name.")
    if _HELPER.match(text):
        raise UsageError(f"{text[:20]!r} would start a program instead of naming a repository. {_EXAMPLES}.")
    if "://" in text:
        return _checked_url(text)
    if _SHORT.fullmatch(text):
        return text
    if not os.path.isabs(text):  # noqa: PTH117 - as text: nothing is looked up
        raise UsageError(f"{text[:80]!r} is neither an absolute path nor a URL. {_EXAMPLES}.")
    return os.path.normpath(text)


def _checked_url(text: str) -> str:
    """No message holds the URL's host part: it may have a password in it."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        raise UsageError(f"The repository's URL cannot be read. {_EXAMPLES}.") from None
    if url.scheme not in SCHEMES:
        raise UsageError(f"URLs of the kind {url.scheme[:20]!r} are not taken: use {', '.join(SCHEMES)}.")
    if url.query or url.fragment:
        raise UsageError("The repository's URL has a query or a fragment (after ? or #), which git does not use.")
    if url.scheme == "file":
        if url.netloc not in ("", "localhost"):
            raise UsageError("A file URL with a host names no folder of this machine: use file:///FOLDER.")
        return checked(unquote(url.path) or "/")
    if url.password is not None or (url.username is not None and url.scheme != "ssh"):
        raise UsageError(refusal("credential in a URL"))
    if url.username is not None and not _USER.fullmatch(url.username):
        raise UsageError("The user name in the repository's URL may have letters, digits, '.', '_' and '-'.")
    if not _HOST.fullmatch(url.netloc.rpartition("@")[2].removesuffix(f":{url.port}")):
        raise UsageError(f"The repository's URL names no valid host. {_EXAMPLES}.")
    if not url.path.strip("/") or _UNSAFE.search(url.path) or url.path.startswith("/-"):
        raise UsageError(f"The path in the repository's URL is missing or not one that is safe to use. {_EXAMPLES}.")
    return text
