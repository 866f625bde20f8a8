"""Writes every file that is made of the code: indexes, schemas, reference pages, the plugin. `--check` tells what is
stale. Each tool beside this one makes a kind of them: `files()` is their texts by path."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tools import (
    claude_plugin,
    command_index,
    lifecycle_docs,
    project_request_schema,
    reference_pages,
    shared_state_schemas,
)

ROOT: Final = Path(__file__).resolve().parents[1]
MAKERS: Final = (
    claude_plugin, command_index, lifecycle_docs, project_request_schema, reference_pages, shared_state_schemas,
)  # fmt: skip
OWNED: Final = (*(claude_plugin.PLUGIN / "commands", shared_state_schemas.FOLDER, reference_pages.FOLDER),)
"""Folders in which nothing is written by hand: what is there and is not made any more is stale too."""
RUN: Final = "run .venv/bin/python -m tools.generated"


def files() -> dict[Path, str]:
    """Every file that is made, with its text."""
    return {path: text for maker in MAKERS for path, text in maker.files().items()}


def stale(made: Mapping[Path, str], owned: Iterable[Path] = OWNED) -> list[str]:
    """The files that are not as they would be made now, and those that nothing makes any more."""
    wrong = [path for path, text in made.items() if not path.is_file() or path.read_text("utf-8") != text]
    left = [path for folder in owned for path in folder.glob("*.*") if path not in made]
    return sorted(str(path.relative_to(ROOT)) for path in (*wrong, *left))


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell what is stale")
    made = files()
    old = stale(made)
    print("\n".join(old) or "all fresh")
    if parser.parse_args().check:
        return int(bool(old))
    for name in old:
        path = ROOT / name
        path.unlink(missing_ok=True)
        if path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
