"""What `submit` and `run` are given on the command line: a file, standard input, or flags alone."""

import os
import sys
from pathlib import Path
from typing import Any, Final

from podium.domain.errors import InvalidDocument, NotFound
from podium.operations import document
from podium.refusals import refusal

STANDARD_INPUT: Final = "-"


def read(asked: dict[str, Any]) -> dict[str, Any]:
    """The operation's input; flags win over what a request file says. Raises `UsageError` or `NotFound`."""
    file = asked.pop("document", None)
    if file is None:
        found: dict[str, Any] = {}
    elif file == STANDARD_INPUT:
        content = sys.stdin.buffer.read(document.BYTES_MAX + 1)
        found = {"document": document.decode(content, "standard input"), "source": "scratch"}
    else:
        found = _file(str(file))
    asked = found | asked
    if asked.get("repository"):  # named from here
        from podium.workspace import source

        asked["repository"] = source.from_here(asked["repository"], Path.cwd())
    return asked


def _file(file: str) -> dict[str, Any]:
    """A document's text and name, or a request's fields."""
    path = Path(file)
    if path.is_dir():
        raise InvalidDocument(f"{file} is a folder. Give a requirement document: a Markdown file.")
    try:
        with path.open("rb") as handle:
            content, size = handle.read(document.BYTES_MAX + 1), os.fstat(handle.fileno()).st_size
    except FileNotFoundError:
        raise NotFound(refusal("no file", file=file)) from None
    except OSError as error:
        raise InvalidDocument(f"{file} cannot be read: {error.strerror}.") from None
    text = document.decode(content, file, size)
    if path.suffix.lower() in (".json", ".toml"):
        from podium.operations import request_file

        return {"name": path.name, **request_file.read(text, file)}
    return {"document": text, "name": path.name}
