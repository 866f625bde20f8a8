"""Modules, functions and the whole code base stay small enough to hold in one's head."""

from collections import Counter
from typing import Any

import pytest

from tests.tidy.source import RULES, Module, modules, ratchet, rules

FOLDERS = ("src", "plugins", "tests", "tools")
CORE = ("domain/", "policy/", "ports.py", "store/", "engine/")


def measured() -> list[Module]:
    return [module for folder in FOLDERS for module in modules(folder)]


def test_modules_are_short() -> None:
    found = {module.path: module.lines() for module in measured()}
    exceptions: dict[str, Any] = rules()["exceptions"]
    problems = ratchet(found, rules()["limits"]["module_lines"], exceptions["module_lines"], "exceptions.module_lines")
    assert not problems, "\n".join(problems)


def test_functions_are_short() -> None:
    found = {f"{module.path}::{name}": size for module in measured() for name, size in module.functions()}
    exceptions: dict[str, Any] = rules()["exceptions"]
    limit = rules()["limits"]["function_lines"]
    problems = ratchet(found, limit, exceptions["function_lines"], "exceptions.function_lines")
    assert not problems, "\n".join(problems)


def test_core_keeps_its_budget() -> None:
    core = tuple(f"src/podium/{part}" for part in CORE)
    total = sum(module.code_lines() for module in modules("src") if module.path.startswith(core))
    assert 0 < total <= rules()["limits"]["core_code_lines"]


def test_src_keeps_its_budget() -> None:
    total = sum(module.code_lines() for module in modules("src"))
    assert 0 < total <= rules()["limits"]["src_code_lines"]


def test_each_plugin_keeps_its_budget() -> None:
    found = Counter[str]()
    for module in modules("plugins"):
        found[module.path.split("/")[1]] += module.code_lines()
    limits: dict[str, int] = rules()["plugin_code_lines"]
    assert found.keys() == limits.keys(), f"each plugin has a budget in {RULES}"
    over = {name: size for name, size in found.items() if size > limits[name]}
    assert not over


SAMPLE = '''"""Docstring."""

import os  # code

# comment
LIMIT = """two
lines"""
"""What the limit is."""

@decorated
class Thing:
    """Docstring
    of two lines."""

    async def method(self) -> None:

        def inner(): ...
'''


def test_code_lines_leave_out_blanks_comments_and_docstrings() -> None:
    assert Module("src/podium/sample.py", SAMPLE).code_lines() == 7


def test_functions_are_found_wherever_they_are() -> None:
    found = dict(Module("src/podium/sample.py", SAMPLE).functions())
    assert found == {"Thing.method": 3, "Thing.method.inner": 1}


@pytest.mark.parametrize(
    ("size", "exceptions", "expected"),
    [
        (10, {}, None),
        (11, {}, "the limit is 10"),
        (12, {"a": 12}, None),
        (13, {"a": 12}, "exceptions only shrink"),
        (11, {"a": 12}, "lower its exception"),
        (10, {"a": 12}, "needs no exception"),
        (10, {"b": 12}, "b does not exist"),
    ],
)
def test_ratchet_holds_both_ways(size: int, exceptions: dict[str, int], expected: str | None) -> None:
    problems = ratchet({"a": size}, 10, exceptions, "table")
    assert len(problems) == (expected is not None)
    assert expected is None or expected in problems[0]
