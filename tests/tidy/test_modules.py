"""Every module says why it exists, has a telling name, and is used."""

import ast
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from tests.tidy.source import ROOT, RULES, Module, files, modules, rules, shipped

BANNED_NAMES = {"common.py", "helper.py", "helpers.py", "manager.py", "misc.py", "util.py", "utils.py"}


def test_names_say_what_is_inside() -> None:
    vague = [name for name in files() if PurePosixPath(name).name in BANNED_NAMES]
    assert not vague, f"name these for what they hold: {vague}"


def test_every_module_says_why_it_exists() -> None:
    silent = [module.path for module in shipped() if not ast.get_docstring(module.tree)]
    assert not silent, f"begin these with a docstring: {silent}"


def test_nothing_compiled_lies_beside_its_source() -> None:
    left = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.so"))
    assert not left, f"a build in this folder left {left}; Python would load them for as long as they lie there"


def test_every_module_is_reachable() -> None:
    lost = unreachable(shipped(), roots())
    assert not lost, (
        f"nothing imports {lost}. Use them or delete them; if they are found by name at run time, "
        f"list them in [reachable] in {RULES}."
    )


def roots() -> list[str]:
    """Names and patterns of the modules that the world starts."""
    groups: list[dict[str, str]] = []
    for path in [name for name in files() if PurePosixPath(name).name == "pyproject.toml"]:
        project: dict[str, Any] = tomllib.loads((ROOT / path).read_text())["project"]
        groups += [project.get("scripts", {}), *project.get("entry-points", {}).values()]
    started = [target.partition(":")[0] for group in groups for target in group.values()]
    return ["*.__main__", *started, *registering(modules("src")), *rules()["reachable"]["roots"]]


def registering(known: Iterable[Module]) -> list[str]:
    """The modules of operations that register one: the catalogue loads every module of their package by its name."""
    operations = [module for module in known if module.name.startswith("podium.operations.")]
    return [module.name for module in operations if {"operation", "question"} & decorators(module.tree)]


def decorators(tree: ast.Module) -> set[str]:
    """The names that decorate a module's functions with arguments."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    calls = [told for function in functions for told in function.decorator_list if isinstance(told, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def unreachable(known: Iterable[Module], root_patterns: Iterable[str]) -> list[str]:
    """The modules that no root imports, directly or through others; a package is imported with its modules."""
    by_name = {module.name: module for module in known}
    patterns = tuple(root_patterns)
    waiting = [name for name in by_name if any(fnmatchcase(name, pattern) for pattern in patterns)]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in reached:
            reached.add(name)
            waiting += [name.rpartition(".")[0], *imports(by_name[name].tree)]
    return sorted(by_name.keys() - reached)


def imports(tree: ast.Module) -> set[str]:
    """What a module imports, at its top or inside its functions; `from a import b` may mean `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_an_operation_is_reached_and_what_only_lies_beside_it_is_not() -> None:
    known = [
        Module("src/podium/operations/verbs.py", "@operation('go')\nasync def go(): ...\n"),
        Module("src/podium/operations/beside.py", "@cache\ndef words(): ...\n"),
        Module("src/podium/faces/other.py", "@operation('go')\ndef go(): ...\n"),
    ]
    assert registering(known) == ["podium.operations.verbs"]


def test_unreachable_follows_imports_from_the_roots() -> None:
    known = [
        Module("src/p/__init__.py", ""),
        Module("src/p/start.py", "from p import used\n"),
        Module("src/p/used.py", "def late():\n    import p.deep.late\n"),
        Module("src/p/deep/__init__.py", ""),
        Module("src/p/deep/late.py", ""),
        Module("src/p/lost.py", "import p.start\n"),
        Module("src/p/named/one.py", ""),
    ]
    assert unreachable(known, ["p.start", "p.named.*"]) == ["p.lost"]
