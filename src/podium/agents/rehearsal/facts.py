"""What a repository really holds: its package, feature modules, tests, what its features answer, what it is called."""

import ast
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.features import DETAIL_CHARS_MAX, TITLE_CHARS_MAX
from podium.agents.rehearsal.protocol import Assignment, JsonObject, StepFailed, read
from podium.agents.rehearsal.stage import Clone, Stage


@dataclass(frozen=True, slots=True)
class FeatureModule:
    """One feature as its module describes it; fields that the module does not define are empty."""

    path: str
    key: str
    title: str
    run_summary: str
    behaviour: str
    acceptance: tuple[str, ...]

    @property
    def number(self) -> str:
        """By which it can be called."""
        return self.key.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Example:
    """What a feature was asked, and what it really answered."""

    key: str
    example: str
    answer: str


@dataclass(frozen=True)
class Facts:
    """A repository with its package; all else is read when it is asked for, and none of it is run but the examples."""

    clone: Clone
    package: str
    title: str
    summary: str

    @cached_property
    def modules(self) -> list[FeatureModule]:
        """Every feature module, read from its syntax tree, in order of file name."""
        folder = self.clone.root / "src" / self.package / "features"
        return [_feature_module(self.clone, path) for path in sorted(folder.glob("f*.py"))]

    @cached_property
    def test_count(self) -> int:
        """The test functions under tests/, wherever they are nested."""
        return sum(
            isinstance(node, ast.FunctionDef) and node.name.startswith("test")
            for path in sorted(self.clone.root.glob("tests/**/test_*.py"))
            for node in ast.walk(_parse(path))
        )

    @cached_property
    def examples(self) -> dict[str, Example]:
        """Run the application once, for each feature's example with its real answer, by key."""
        finished = self.clone.python("-m", self.package, "--json", source_path="src")
        try:
            rows: Any = json.loads(finished.output)
        except ValueError as error:
            raise StepFailed(f"`python -m {self.package} --json` gave no JSON: {finished.tail}") from error
        examples = (read(Example, row) for row in rows if isinstance(row, dict))
        return {example.key: example for example in examples}


def facts_of(assignment: Assignment, stage: Stage) -> Facts:
    """The facts of a repository whose package has features; one without needs a scaffold first."""
    package = find_package(stage.clone)
    if package is None:
        raise StepFailed("The repository has no src/<package>/features; run the `scaffold` step first.")
    return Facts(stage.clone, package, *story_of(assignment, stage.clone))


def story_of(assignment: Assignment, clone: Clone) -> tuple[str, str]:
    """Title and summary: the brief's or the plan's words, else the project's own, else the README's heading."""
    project, made = assignment.project, assignment.artifact("brief") or assignment.artifact("plan")
    told = made.data if made else {}
    heading = re.search(r"^# (.+)$", clone.read("README.md"), re.MULTILINE)
    title = prose.one_line(_text(told, "title") or project.title or (heading[1] if heading else ""), TITLE_CHARS_MAX)
    return title or "The project", prose.one_line(_text(told, "summary") or project.brief, DETAIL_CHARS_MAX)


def _text(data: JsonObject, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def find_package(clone: Clone) -> str | None:
    """Return the package that a rehearsed scaffold laid out, or None when there is none."""
    found = sorted(path.parent for path in clone.root.glob("src/*/features/__init__.py"))
    # A repository with another layout may have a package of that name, which knows nothing of our features.
    ours = (folder.parent.name for folder in found if clone.owns((folder / "__init__.py").relative_to(clone.root)))
    return next(ours, None)


def _feature_module(clone: Clone, path: Path) -> FeatureModule:
    tree = _parse(path)
    told = {name.lower(): value for name, value in _constants(tree).items()}
    run = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run"), None)
    told |= {"path": path.relative_to(clone.root).as_posix(), "run_summary": _summary(run) if run else ""}
    return read(FeatureModule, {"key": path.stem, "title": _summary(tree) or path.stem} | told)


def _summary(node: ast.Module | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _constants(tree: ast.Module) -> dict[str, object]:
    """Return the module's literal assignments; tuples become lists, as JSON would have them."""
    constants: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                value: object = ast.literal_eval(node.value)
            except ValueError:
                continue
            is_tuple = isinstance(value, tuple)
            constants[node.targets[0].id] = list(cast("tuple[object, ...]", value)) if is_tuple else value
    return constants
