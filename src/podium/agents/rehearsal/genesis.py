"""The steps of Genesis: analysis makes a plan; scaffolding and issues, side by side, make it a repository.

What a repository has stays as it is. Its own tests must pass before anything is changed: the gates need them to.
"""

import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

from podium.agents.rehearsal import facts, features, prose
from podium.agents.rehearsal.features import Plan, plan_of
from podium.agents.rehearsal.protocol import Assignment, Result, StepFailed
from podium.agents.rehearsal.stage import SUITE, Clone, Stage, tail

DOCUMENT_BYTES_MAX = 8_388_608
PROGRESS_STEPS = 20

_SCAFFOLD = Path(__file__).parent / "scaffold"
_TESTS = "tests/__init__.py"
# The exit status of `unittest` for "no tests ran", since Python 3.12.
_NONE_RAN = 5
_SAID_CHARS_MAX = 1_500
_MISSING = re.compile(r"No module named '(\w+)")


def analyze(assignment: Assignment, stage: Stage) -> Result:
    """Read the requirement document and deliver a plan; the repository stays as it is."""
    # The parser is loaded only by the steps that parse.
    from podium.agents.rehearsal import planning

    stage.progress(0.1, "reading the requirement document")
    text, package = _read_document(assignment.document), facts.find_package(stage.clone)
    plan = planning.make_plan(text, assignment.project, _first_number(stage), package)
    if not plan.features:
        return Result("blocked", prose.filled("nothing_to_build"))
    stage.progress(0.5, "running the tests that are there")
    if trouble := trouble_with_tests(stage.clone):
        return Result("blocked", trouble)
    if package is None and any(
        os.path.lexists(stage.clone.root / folder / f"{plan.package}{ending}")
        for folder, ending in product(("src", "."), ("", ".py"))
    ):
        plan = replace(plan, package=f"{plan.package}_rehearsal")  # somebody else's package or module has the name
    count = prose.counted(len(plan.features), "feature")
    stage.progress(0.9, f"planned {count}")
    stage.messages.artifact("plan", "plan", plan.title, asdict(plan))
    return Result(
        "passed",
        f"Planned “{plan.title}”: {plan.complexity} {plan.type}, {count}.",
        data={"title": plan.title, "type": plan.type, "complexity": plan.complexity, "features": len(plan.features)},
    )


def scaffold(assignment: Assignment, stage: Stage) -> Result:
    """Lay out the repository from a template; files that are already there stay as they are."""
    plan = plan_of(assignment)
    stage.progress(0.3, "setting the stage from the template")
    _lay_out(plan, stage)
    stage.progress(0.8, "running the first test")
    checked = _first_test(plan, stage)
    if checked.returncode:
        return Result("failed", "The scaffold's own test fails.", feedback=tail(checked))
    change = f"Lay out {plan.title}", "Scaffold by Podium's rehearsal agent."
    return stage.hand_in(change, f"Laid out the package `{plan.package}`; its test passes.")


def issues(assignment: Assignment, stage: Stage) -> Result:
    """Write one issue for each planned feature."""
    plan = plan_of(assignment)
    total = len(plan.features)
    for index, feature in enumerate(plan.features):
        path, number = f"docs/issues/{feature.key}.md", prose.feature_number(feature.key)
        text = features.issue_text(feature)
        stage.deliver("issue", feature.key, feature.title, path, text, **asdict(feature), number=number)
        # A few progress messages tell as much as five thousand.
        if index % max(1, total // PROGRESS_STEPS) == 0:
            stage.progress((index + 1) / (total + 1), f"wrote issue {feature.key}")
    change = f"Write {prose.counted(total, 'issue')}", "Issues by Podium's rehearsal agent, one for each feature."
    return stage.hand_in(change, f"Wrote {prose.counted(total, 'issue')}.", issues=total)


def _read_document(document: Path | None) -> str:
    if document is None or not document.is_file():
        raise StepFailed("The assignment has no requirement document; there is nothing to analyse.")
    if document.stat().st_size > DOCUMENT_BYTES_MAX:
        raise StepFailed(f"The requirement document is larger than {DOCUMENT_BYTES_MAX:,} bytes; split it.")
    return document.read_text(encoding="utf-8-sig", errors="replace").replace("\0", "")


def _first_number(stage: Stage) -> int:
    """Return the number after the last issue of a repository that has some already."""
    names = (path.name for path in stage.clone.root.glob("docs/issues/*.md"))
    taken = (int(found[0]) for found in (re.match(r"[0-9]{1,9}", name) for name in names) if found)
    return max(taken, default=0) + 1


def _lay_out(plan: Plan, stage: Stage) -> None:
    """Write the template's files where there are none; a path that leads out of the repository is refused."""
    for file in sorted(_SCAFFOLD.rglob("*.jinja")):
        template = file.relative_to(_SCAFFOLD).with_suffix("").as_posix()
        name = template.replace("PACKAGE", plan.package)
        if not os.path.lexists(stage.clone.root / name):
            stage.clone.write(name, prose.rendered(template, _SCAFFOLD, plan=plan))
    if not stage.clone.git("status", "--porcelain"):  # everything was there: only the plan is new
        stage.write(f"docs/plans/{plan.features[0].key}.md", prose.rendered("plan.md", plan=plan))


def _first_test(plan: Plan, stage: Stage) -> subprocess.CompletedProcess[str]:
    """Run the scaffold's own test, and let the tests find `src` if they do not yet."""
    checked = stage.clone.python("-m", "unittest", "tests.test_scaffold")
    if checked.returncode and f"No module named '{plan.package}'" in tail(checked):
        path = (stage.clone.root / _TESTS).resolve()
        if path.is_relative_to(stage.clone.root) and path.is_file():
            path.write_text(f"{stage.clone.read(_TESTS).rstrip()}\n{prose.filled('importable.py')}".lstrip(), "utf-8")
            stage.messages.log(f"{_TESTS} now makes src importable; the rest of it stays as it is.")
            checked = stage.clone.python("-m", "unittest", "tests.test_scaffold")
    return checked


def trouble_with_tests(clone: Clone) -> str:
    """Run the tests that are there as the gates will, once the scaffold has made them a package that finds `src`.

    Returns why they would stop all work, or an empty string; the clone stays as it is.
    """
    if not any((clone.root / "tests").rglob("test*.py")):
        return ""
    try:
        if not os.path.lexists(clone.root / _TESTS):
            clone.write(_TESTS, "")
        finished = clone.python(*SUITE, source_path="src")
    finally:
        clone.put_back()
    if finished.returncode in (0, _NONE_RAN):
        return ""
    words = {"command": " ".join(("python", *SUITE)), "python": sys.executable}
    missing = " ".join(sorted(set(_MISSING.findall(f"{finished.stdout}{finished.stderr}"))))
    return prose.filled("tests_fail", said=tail(finished)[-_SAID_CHARS_MAX:], packages=missing or "…", **words)


STEPS = {"analyze": analyze, "scaffold": scaffold, "issues": issues}
