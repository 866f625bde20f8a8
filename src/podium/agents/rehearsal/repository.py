"""Reads what a repository really holds: its package, feature modules, tests, and what its features answer."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from podium.agents.rehearsal import json_fields, naming
from podium.agents.rehearsal.clone import Clone
from podium.agents.rehearsal.json_fields import JsonObject
from podium.agents.rehearsal.protocol import StepFailed


@dataclass(frozen=True, slots=True)
class FeatureModule:
    """One feature as its module describes it; fields that the module does not define are empty."""

    path: str
    key: str
    title: str
    summary: str
    run_summary: str
    behaviour: str
    acceptance: tuple[str, ...]


def find_package(clone: Clone) -> str | None:
    """Return the package that a rehearsed scaffold laid out, or None when there is none."""
    found = sorted(path.parent for path in clone.root.glob("src/*/features/__init__.py"))
    # A repository with another layout may have a package of that name, which knows nothing of our features.
    ours = (folder.parent.name for folder in found if clone.owns((folder / "__init__.py").relative_to(clone.root)))
    return next(ours, None)


def package_of(clone: Clone) -> str:
    """Return the package that has features; a repository without one needs a scaffold first."""
    package = find_package(clone)
    if package is None:
        raise StepFailed("The repository has no src/<package>/features; run the `scaffold` step first.")
    return package


def feature_path(package: str, key: str) -> str:
    """Return where the feature's module belongs."""
    return f"src/{package}/features/{naming.feature_module(key)}.py"


def test_path(key: str) -> str:
    """Return where the feature's test belongs."""
    return f"tests/{naming.test_module(key)}.py"


def feature_modules(clone: Clone, package: str) -> list[FeatureModule]:
    """Read every feature module's syntax tree, in order of file name; none of them is run."""
    folder = clone.root / "src" / package / "features"
    return [_feature_module(clone, path) for path in sorted(folder.glob("f*.py"))]


def _feature_module(clone: Clone, path: Path) -> FeatureModule:
    tree = _parse(path)
    constants = _constants(tree)
    run = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run"), None)
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    return FeatureModule(
        path=path.relative_to(clone.root).as_posix(),
        key=json_fields.text(constants, "KEY", path.stem),
        title=json_fields.text(constants, "TITLE", summary or path.stem),
        summary=summary,
        run_summary=(ast.get_docstring(run) or "").partition("\n")[0] if run else "",
        behaviour=json_fields.text(constants, "BEHAVIOUR"),
        acceptance=json_fields.texts(constants, "ACCEPTANCE"),
    )


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _constants(tree: ast.Module) -> JsonObject:
    """Return the module's literal assignments; tuples become lists, as JSON would have them."""
    constants: JsonObject = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                value: object = ast.literal_eval(node.value)
            except ValueError:
                continue
            is_tuple = isinstance(value, tuple)
            constants[node.targets[0].id] = list(cast("tuple[object, ...]", value)) if is_tuple else value
    return constants


def count_tests(clone: Clone) -> int:
    """Count the test functions under tests/, wherever they are nested."""
    return sum(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test")
        for path in sorted(clone.root.glob("tests/**/test_*.py"))
        for node in ast.walk(_parse(path))
    )


@dataclass(frozen=True, slots=True)
class Example:
    """What a feature was asked, and what it really answered."""

    given: str
    answer: str


def run_examples(clone: Clone, package: str) -> dict[str, Example]:
    """Run the application once and return each feature's example with its real answer, by key."""
    finished = clone.python("-m", package, "--json", source_path="src")
    try:
        loaded: object = json.loads(finished.output)
    except ValueError as error:
        raise StepFailed(f"`python -m {package} --json` gave no JSON: {finished.tail}") from error
    rows = json_fields.objects({"features": loaded}, "features")
    return {
        json_fields.text(row, "key"): Example(json_fields.text(row, "example"), json_fields.text(row, "answer"))
        for row in rows
    }
