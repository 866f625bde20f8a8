"""Finds the line of a TOML file that an error is about; the standard library's parser tells no places."""

import re


def line_of(text: str, header: str, number: int, key: str) -> int:
    """The line (from 1) of `key` in the `number`th table (from 0) called `header`, or that table's own line.

    An empty header means the keys before the first table.
    """
    lines = text.splitlines()
    at = 0
    if header:
        seen = -1
        for i, line in enumerate(lines):
            if line.strip().startswith("[") and line.strip().strip("[]").strip() == header:
                seen += 1
                at = i
                if seen == number:
                    break
    for i in range(at, len(lines)):
        if i > at and lines[i].strip().startswith("[") and header:
            break
        if key and re.match(rf"\s*{re.escape(key)}\s*=", lines[i]):
            return i + 1
    return at + 1
