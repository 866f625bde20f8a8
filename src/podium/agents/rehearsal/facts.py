"""What a repository really holds: its package, its features and what they answer, its tests, what it is called."""

import json
import re
from dataclasses import dataclass
from functools import cached_property

from podium.agents.rehearsal import probe, prose
from podium.agents.rehearsal.features import DETAIL_CHARS_MAX, TITLE_CHARS_MAX
from podium.agents.rehearsal.protocol import Assignment, JsonObject, StepFailed, read
from podium.agents.rehearsal.stage import Clone, Stage, tail

_TEST = re.compile(r"^\s*def test", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FeatureModule:
    """One feature as its module describes it, and what it answered; what the module does not define is empty."""

    path: str
    key: str
    title: str
    run_summary: str
    behaviour: str
    acceptance: tuple[str, ...]
    example: str
    answer: str
    microseconds: float

    @property
    def number(self) -> str:
        """By which it can be called."""
        return self.key.partition("-")[0]


@dataclass(frozen=True)
class Facts:
    """A repository with its package; all else is read when it is asked for."""

    clone: Clone
    package: str
    title: str
    summary: str

    @cached_property
    def modules(self) -> list[FeatureModule]:
        """Every feature in order of file name, each really run with its example."""
        return self.asked()

    @cached_property
    def test_count(self) -> int:
        """The test functions under tests/."""
        paths = self.clone.root.glob("tests/**/test_*.py")
        return sum(len(_TEST.findall(path.read_text("utf-8", "replace"))) for path in paths)

    def asked(self, *timed: str) -> list[FeatureModule]:
        """Run the application once and read what it tells of its features."""
        finished = self.clone.python("-P", probe.__file__, self.package, *timed, source_path="src")
        if finished.returncode:
            raise StepFailed(f"The features could not be run: {tail(finished)}")
        return [read(FeatureModule, row) for row in json.loads(finished.stdout)]


def facts_of(assignment: Assignment, stage: Stage) -> Facts:
    """The facts of a repository whose package has features; one without needs a scaffold first."""
    package = find_package(stage.clone)
    if package is None:
        raise StepFailed("The repository has no src/<package>/features; run the `scaffold` step first.")
    return Facts(stage.clone, package, *story_of(assignment, stage.clone))


def story_of(assignment: Assignment, clone: Clone) -> tuple[str, str]:
    """Title and summary: the brief's or the plan's words, else the project's own, else the README's heading."""
    project, made = assignment.project, assignment.artifact("brief") or assignment.artifact("plan")
    told: JsonObject = made.data if made else {}
    heading = re.search(r"^# (.+)$", clone.read("README.md"), re.MULTILINE)
    title = told.get("title") or project.title or (heading[1] if heading else "The project")
    summary = told.get("summary") or project.brief
    return prose.one_line(str(title), TITLE_CHARS_MAX), prose.one_line(str(summary), DETAIL_CHARS_MAX)


def find_package(clone: Clone) -> str | None:
    """Return the package that a rehearsed scaffold laid out, or None when there is none."""
    found = sorted(clone.root.glob("src/*/features/__init__.py"))
    # A repository with another layout may have a package of that name, which knows nothing of our features.
    return next((path.parent.parent.name for path in found if clone.owns(path)), None)
