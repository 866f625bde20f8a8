"""Reads the repository for the tidy tests: its files, its parsed Python modules, and how long they are."""

import ast
import io
import re
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = "docs/tidy.toml"

_NOT_CODE: Final = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


@dataclass(frozen=True)
class Module:
    """One Python file, parsed."""

    path: str
    """Relative to the repository's root, with forward slashes."""
    text: str

    @property
    def tree(self) -> ast.Module:
        """The file's syntax tree."""
        return _parse(self.text)

    @property
    def name(self) -> str:
        """The dotted name under which it is imported: `src/podium/a/b.py` is `podium.a.b`, in a plugin too."""
        parts = Path(re.sub("^(plugins/[^/]+/)?src/", "", self.path)).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def lines(self) -> int:
        """All its lines, blank ones too."""
        return len(self.text.splitlines())

    def code_lines(self) -> int:
        """The lines that hold code: no blanks, no comments, no docstrings."""
        code: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in _NOT_CODE:
                code.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                code.difference_update(_span(node))
        return len(code)

    def functions(self) -> Iterator[tuple[str, int]]:
        """Each function's dotted name in the module and its number of lines, decorators not counted."""
        return _functions(self.tree, "")


def _functions(parent: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, len(_span(node))
        inner = (
            f"{prefix}{node.name}."
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            else prefix
        )
        yield from _functions(node, inner)


def _span(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def files() -> tuple[str, ...]:
    """Every file that is committed or would be by `git add --all`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(sorted(name for name in set(listed.stdout.split("\0")) if name and (ROOT / name).is_file()))


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """The Python modules below a folder of the repository, e.g. `src` or `tests`."""
    return tuple(
        Module(name, (ROOT / name).read_text())
        for name in files()
        if name.startswith(f"{folder}/") and name.endswith(".py")
    )


def shipped() -> tuple[Module, ...]:
    """The modules of Podium, and of the distributions that add to it."""
    return modules("src") + modules("plugins")


@cache
def rules() -> dict[str, Any]:
    """What docs/tidy.toml says."""
    return tomllib.loads((ROOT / RULES).read_text())


def ratchet(found: dict[str, int], limit: int, exceptions: dict[str, int], table: str) -> list[str]:
    """What breaks a limit, and which exceptions are looser than they need be: both must be put right.

    `found` and `exceptions` map a name to its size; `table` is where in docs/tidy.toml the exceptions are.
    """
    problems: list[str] = []
    for name, size in sorted(found.items()):
        allowed = exceptions.get(name)
        if allowed is None and size > limit:
            problems.append(f"{name} has {size} lines; the limit is {limit}. Split it.")
        elif allowed is not None and size > allowed:
            problems.append(f"{name} grew to {size} lines; its exception is {allowed}, and exceptions only shrink.")
        elif allowed is not None and size <= limit:
            problems.append(f"{name} has {size} lines and needs no exception: take it out of [{table}] in {RULES}.")
        elif allowed is not None and size < allowed:
            problems.append(f"{name} shrank to {size} lines: lower its exception in [{table}] in {RULES}.")
    gone = sorted(exceptions.keys() - found.keys())
    return problems + [f"{name} does not exist: take it out of [{table}] in {RULES}." for name in gone]
