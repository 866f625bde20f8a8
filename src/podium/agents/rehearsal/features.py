"""A feature, from its place in the plan to the texts it consists of: issue, test and module, each plainly a rehearsal.

Its words choose its behaviour, one of a small stock of things that a feature can really do (`behaviours.toml`). And
what a repository really holds: its package, its features and what they answer, its tests, what it is called.
"""

import json
import re
import textwrap
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from podium.agents.rehearsal import probe, prose
from podium.agents.rehearsal.protocol import StepFailed, Told
from podium.agents.rehearsal.stage import Stage, tail
from podium.domain.project import slug
from podium.tables import beside

TITLE_CHARS_MAX = 120
DETAIL_CHARS_MAX = 2_000
CRITERION_CHARS_MAX = 240
CRITERIA_MAX = 20
FEEDBACK_CHARS_MAX = 240
FEEDBACK_ROUNDS_MAX = 5

_TEST = re.compile(r"^\s*def test", re.MULTILINE)


_ENDING_CHARS_MAX = 3
_TITLE_WEIGHT = 4
_FAULT = "    # TODO: say what happens when the text is empty, then take this line out.\n"


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing the application shall do."""

    key: str
    title: str
    detail: str
    depends_on: tuple[str, ...]
    acceptance: tuple[str, ...]

    @property
    def module(self) -> str:
        """The name of the module that implements it."""
        return prose.feature_module(self.key)

    @property
    def behaviour(self) -> "Behaviour":
        """What it really does."""
        return behaviour_for(self.title, self.detail)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be built; `package` is the Python package that holds it."""

    title: str
    summary: str
    type: str
    complexity: str
    package: str
    features: tuple[Feature, ...]


def cleaned(told: Told, key: str) -> Feature:
    """The feature that somebody described, cut to the limits; it always has a criterion to meet."""
    title = prose.one_line(told.text("title"), TITLE_CHARS_MAX) or key
    detail = prose.one_line(told.text("detail"), DETAIL_CHARS_MAX)
    written = (prose.one_line(criterion, CRITERION_CHARS_MAX) for criterion in told.texts("acceptance")[:CRITERIA_MAX])
    usual = f"“{title}” can be run by name and gives the results its tests ask for."
    return Feature(key, title, detail, told.texts("depends_on"), tuple(filter(None, written)) or (usual,))


def feature_of(assignment: Told) -> Feature:
    """Return the feature that this assignment's item stands for."""
    item = assignment.object("item")
    if not item.text("key"):
        raise StepFailed(f"The step `{assignment.text('step')}` works on one issue; the assignment has no item.")
    return cleaned(Told(item.object("data"), title=item.text("title")), item.text("key"))


def plan_of(assignment: Told) -> Plan:
    """Return the plan that analysis made."""
    artifact = assignment.artifact("plan")
    if not artifact:
        raise StepFailed(f"The step `{assignment.text('step')}` needs an artifact of kind `plan`; run `analyze` first.")
    told = artifact.object("data")
    title = prose.one_line(told.text("title") or artifact.text("title"), TITLE_CHARS_MAX) or "Project"
    # The package becomes a path and a key a file name, so only a plain identifier or slug is taken at its word.
    package = told.text("package")
    package = package if package.isidentifier() and package.isascii() else prose.package_name(title)
    made = (cleaned(each, _safe_key(number, each)) for number, each in enumerate(told.objects("features"), start=1))
    summary = prose.one_line(told.text("summary"), DETAIL_CHARS_MAX)
    return Plan(title, summary, told.text("type"), told.text("complexity"), package, tuple(made))


def _safe_key(number: int, feature: Told) -> str:
    key = feature.text("key")
    is_slug = key and key == slug(key, "", prose.KEY_CHARS_MAX)
    return key if is_slug else prose.feature_key(number, feature.text("title"), number)


class Behaviour(NamedTuple):
    """A function's source, under the name `run`, with the word stems that call for it and examples of its answers.

    The built page keeps a twin in JavaScript under the same name.
    """

    name: str
    stems: Sequence[str]
    examples: Sequence[Sequence[str]]
    source: str


KINDS = beside(__file__, "kinds.toml")
BEHAVIOURS = tuple(Behaviour(name, **row) for name, row in beside(__file__, "behaviours.toml").items())


def behaviour_for(title: str, detail: str) -> Behaviour:
    """Choose by the words of the title, then of the detail; without any hint, by a checksum of the title."""
    title_words, detail_words = prose.words(title), prose.words(detail)
    scores = [_TITLE_WEIGHT * _hits(title_words, each.stems) + _hits(detail_words, each.stems) for each in BEHAVIOURS]
    return BEHAVIOURS[scores.index(max(scores)) if any(scores) else zlib.crc32(title.encode()) % len(BEHAVIOURS)]


def _hits(words: list[str], stems: Sequence[str]) -> int:
    # A stem with a short ending ("sort", "sorted") is a hit; one that merely begins another word is not.
    return sum(any(w.startswith(stem) and len(w) - len(stem) <= _ENDING_CHARS_MAX for stem in stems) for w in words)


def module_text(feature: Feature, feedback: Sequence[str], with_fault: bool) -> str:
    """Return the module that implements the feature; feedback it answers is told in its docstring."""
    return prose.filled(
        "feature.py", feature=feature, revisions=_revisions(feedback),
        summary=feature.title if feature.title[-1] in ".!?…" else f"{feature.title}.",
        detail=feature.detail or "The issue says no more than its title.",
        source=feature.behaviour.source + _FAULT * with_fault,
    )  # fmt: skip


def feedback_lines(feedback: Sequence[str]) -> list[str]:
    """Return the newest rounds of feedback, one clean line each."""
    return list(filter(None, (prose.one_line(said, FEEDBACK_CHARS_MAX) for said in feedback[-FEEDBACK_ROUNDS_MAX:])))


def _revisions(feedback: Sequence[str]) -> str:
    wrapped = (textwrap.indent(prose.docstring_lines(line), "  ").lstrip() for line in feedback_lines(feedback))
    lines = "".join(f"- {line}\n" for line in wrapped)
    return f"\nRevised after feedback:\n\n{lines}" if lines else ""


@dataclass(frozen=True)
class Facts:
    """A repository with its package; all else is read when it is asked for."""

    stage: Stage
    package: str
    title: str
    summary: str

    @cached_property
    def modules(self) -> list[Told]:
        """Every feature in order of file name, as `probe` tells of it, each really run with its example."""
        finished = self.stage.python("-P", probe.__file__, self.package, source_path="src")
        if finished.returncode:
            raise StepFailed(f"The features could not be run: {tail(finished)}")
        return [Told(row) for row in json.loads(finished.stdout)]

    @cached_property
    def test_count(self) -> int:
        """The test functions under tests/."""
        paths = self.stage.root.glob("tests/**/test_*.py")
        return sum(len(_TEST.findall(path.read_text("utf-8", "replace"))) for path in paths)


def facts_of(assignment: Told, stage: Stage) -> Facts:
    """The facts of a repository whose package has features; one without needs a scaffold first.

    Title and summary are the brief's or the plan's words, else the project's own, else the README's heading.
    """
    package = find_package(stage)
    if package is None:
        raise StepFailed("The repository has no src/<package>/features; run the `scaffold` step first.")
    project, told = assignment.object("project"), (assignment.artifact("brief") or assignment.artifact("plan"))
    told = told.object("data")
    heading = re.search(r"^# (.+)$", stage.read("README.md"), re.MULTILINE)
    title = told.text("title") or project.text("title") or (heading[1] if heading else "The project")
    summary = told.text("summary") or project.text("brief")
    return Facts(stage, package, prose.one_line(title, TITLE_CHARS_MAX), prose.one_line(summary, DETAIL_CHARS_MAX))


def find_package(stage: Stage) -> str | None:
    """Return the package that a rehearsed scaffold laid out, or None when there is none."""
    found = sorted(stage.root.glob("src/*/features/__init__.py"))
    # A repository with another layout may have a package of that name, which knows nothing of our features.
    return next((path.parent.parent.name for path in found if stage.owns(path)), None)
