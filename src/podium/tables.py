"""Reads the TOML file beside a module that holds what is data and not code: words, tables of states, limits."""

import tomllib
from pathlib import Path
from typing import Any


def beside(module: str, name: str = "") -> dict[str, Any]:
    """The table beside the module of this `__file__`: of the same name, unless another is given."""
    path = Path(module)
    stem, _, _ = path.name.partition(".")  # a compiled one has several suffixes
    return tomllib.loads(path.with_name(name or f"{stem}.toml").read_text("utf-8"))
