"""Finds the line of a TOML file that an error is about; the standard library's parser tells no places."""

import re


def line_of(text: str, header: str, number: int, key: str) -> int:
    """The line (from 1) of `key` in the `number`th table (from 0) called `header`, or that table's own line.

    An empty header means the keys before the first table.
    """
    lines = text.splitlines()
    tables = [i for i, line in enumerate(lines) if line.strip().startswith("[")] if header else []
    called = [i for i in tables if lines[i].strip().strip("[]").strip() == header]
    at = called[: number + 1][-1] if called else 0
    end = next((i for i in tables if i > at), len(lines))
    for i in range(at, end):
        if key and re.match(rf"\s*{re.escape(key)}\s*=", lines[i]):
            return i + 1
    return at + 1
