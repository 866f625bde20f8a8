"""The steps of Genesis and Development.

Genesis: analysis makes a plan; scaffolding and issues, side by side, make it a repository. What a repository has stays
as it is. Its own tests must pass before anything is changed: the gates need them to.

Development, for one issue: tests that fail, code that passes them, and an independent review. At the end, once for the
project: a performance pass, then what is to be deployed.
"""

import os
import re
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

from podium.agents.rehearsal import features, probe, prose
from podium.agents.rehearsal.features import Feature, facts_of, feature_of, find_package, plan_of
from podium.agents.rehearsal.protocol import JsonObject, Result, StepFailed, Told
from podium.agents.rehearsal.stage import SUITE, Stage, strikes, tail

DOCUMENT_BYTES_MAX = 8_388_608
PROGRESS_STEPS = 20

_SCAFFOLD = Path(__file__).parent / "scaffold"
_TESTS = "tests/__init__.py"
# The exit status of `unittest` for "no tests ran", since Python 3.12.
_NONE_RAN = 5
_SAID_CHARS_MAX = 1_500
_MISSING = re.compile(r"No module named '(\w+)")
REPORTED_FEATURES_MAX = 100

_PUT_OFF = re.compile(r"^[ \t]*(# (?:TODO|FIXME|XXX)\b.*)", re.MULTILINE)


def analyze(assignment: Told, stage: Stage) -> Result:
    """Read the requirement document and deliver a plan; the repository stays as it is."""
    # The parser is loaded only by the steps that parse.
    from podium.agents.rehearsal import planning

    stage.progress(0.1, "reading the requirement document")
    text, package = _read_document(assignment.text("document")), find_package(stage)
    plan = planning.make_plan(text, assignment.object("project"), _first_number(stage), package)
    if not plan.features:
        return Result("blocked", prose.filled("nothing_to_build"))
    stage.progress(0.5, "running the tests that are there")
    if trouble := _trouble_with_tests(stage):
        return Result("blocked", trouble)
    places = (stage.root / folder / f"{plan.package}{end}" for folder, end in product(("src", "."), ("", ".py")))
    if package is None and any(map(os.path.lexists, places)):
        plan = replace(plan, package=f"{plan.package}_rehearsal")  # somebody else's package or module has the name
    count = prose.counted(len(plan.features), "feature")
    stage.progress(0.9, f"planned {count}")
    stage.messages.artifact("plan", "plan", plan.title, asdict(plan))
    data: JsonObject = {name: getattr(plan, name) for name in ("title", "type", "complexity")}
    data["features"] = len(plan.features)
    return Result("passed", f"Planned “{plan.title}”: {plan.complexity} {plan.type}, {count}.", data=data)


def _read_document(name: str) -> str:
    document = Path(name)
    if not document.is_file():
        raise StepFailed("The assignment has no requirement document; there is nothing to analyse.")
    if document.stat().st_size > DOCUMENT_BYTES_MAX:
        raise StepFailed(f"The requirement document is larger than {DOCUMENT_BYTES_MAX:,} bytes; split it.")
    return document.read_text(encoding="utf-8-sig", errors="replace").replace("\0", "")


def _first_number(stage: Stage) -> int:
    """Return the number after the last issue of a repository that has some already."""
    names = (re.match(r"[0-9]{1,9}", path.name) for path in stage.root.glob("docs/issues/*.md"))
    return max((int(found[0]) for found in names if found), default=0) + 1


def _trouble_with_tests(stage: Stage) -> str:
    """Run the tests that are there as the gates will, once the scaffold has made them a package that finds `src`.

    Returns why they would stop all work, or an empty string; the clone stays as it is.
    """
    if not any((stage.root / "tests").rglob("test*.py")):
        return ""
    try:
        if not os.path.lexists(stage.root / _TESTS):
            stage.write(_TESTS, "")
        finished = stage.python(*SUITE, source_path="src")
    finally:
        stage.put_back()
    if finished.returncode in (0, _NONE_RAN):
        return ""
    words = {"command": " ".join(("python", *SUITE)), "python": sys.executable}
    missing = " ".join(sorted(set(_MISSING.findall(f"{finished.stdout}{finished.stderr}"))))
    return prose.filled("tests_fail", said=tail(finished)[-_SAID_CHARS_MAX:], packages=missing or "…", **words)


def scaffold(assignment: Told, stage: Stage) -> Result:
    """Lay out the repository from a template; files that are already there stay as they are."""
    plan = plan_of(assignment)
    stage.progress(0.3, "setting the stage from the template")
    for file in sorted(_SCAFFOLD.rglob("*.jinja")):
        template = file.relative_to(_SCAFFOLD).with_suffix("").as_posix()
        name = template.replace("PACKAGE", plan.package)
        if not os.path.lexists(stage.root / name):
            stage.write(name, prose.rendered(template, _SCAFFOLD, plan=plan))
    if not stage.git("status", "--porcelain"):  # everything was there: only the plan is new
        stage.write(f"docs/plans/{plan.features[0].key}.md", prose.rendered("plan.md", plan=plan))
    stage.progress(0.8, "running the first test")
    checked = stage.python("-m", "unittest", "tests.test_scaffold")
    path = (stage.root / _TESTS).resolve()
    if f"No module named '{plan.package}'" in checked.stderr and path.is_relative_to(stage.root) and path.is_file():
        path.write_text(f"{stage.read(_TESTS).rstrip()}\n{prose.filled('importable.py')}".lstrip(), "utf-8")
        stage.messages.log(f"{_TESTS} now makes src importable; the rest of it stays as it is.")
        checked = stage.python("-m", "unittest", "tests.test_scaffold")
    if checked.returncode:
        return Result("failed", "The scaffold's own test fails.", feedback=tail(checked))
    change = f"Lay out {plan.title}", "Scaffold by Podium's rehearsal agent."
    return stage.hand_in(change, f"Laid out the package `{plan.package}`; its test passes.")


def issues(assignment: Told, stage: Stage) -> Result:
    """Write one issue for each planned feature."""
    plan = plan_of(assignment)
    total, count = len(plan.features), prose.counted(len(plan.features), "issue")
    for index, feature in enumerate(plan.features):
        path, data = f"docs/issues/{feature.key}.md", asdict(feature)
        data["number"] = prose.feature_number(feature.key)
        text = prose.filled("issue.md", feature=feature, detail=feature.detail or "The title says it all.")
        stage.deliver("issue", feature.key, feature.title, path, text, **data)
        # A few progress messages tell as much as five thousand.
        if index % max(1, total // PROGRESS_STEPS) == 0:
            stage.progress((index + 1) / (total + 1), f"wrote issue {feature.key}")
    change = f"Write {count}", "Issues by Podium's rehearsal agent, one for each feature."
    return stage.hand_in(change, f"Wrote {count}.", issues=total)


def tests(assignment: Told, stage: Stage) -> Result:
    """Write the feature's tests, and see them fail."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.2, "writing the tests")
    stage.write(_test_path(feature), prose.filled("feature_test.py", feature=feature, package=package))
    stage.progress(0.6, "watching them fail")
    fails = _run_feature_tests(stage, feature).returncode != 0
    summary = f"Wrote the tests of {feature.key}; they {'fail, as they should' if fails else 'pass already'}."
    return Result("passed", summary, data={"commit": _commit("Test", assignment, stage, feature), "failing": fails})


def implement(assignment: Told, stage: Stage) -> Result:
    """Write the feature's module and see its tests pass."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.1, "reading the tests")
    feedback = assignment.texts("feedback")
    with_fault = strikes(stage.troubles.rework, feature.key) and not feedback
    stage.write(_module_path(package, feature), features.module_text(feature, feedback, with_fault))
    stage.progress(0.5, "wrote the feature")
    _meet_trouble(assignment, stage, feature.key)
    finished = _run_feature_tests(stage, feature)
    stage.progress(0.9, "ran the tests")
    data: dict[str, object] = {"commit": _commit("Implement", assignment, stage, feature)}
    if finished.returncode:
        return Result("failed", f"{feature.key} does not pass its tests.", feedback=tail(finished), data=data)
    return Result("passed", f"Implemented {feature.key}; its tests pass.", data=data)


def review(assignment: Told, stage: Stage) -> Result:
    """Look at what the issue asked for and run everything; change nothing."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.2, "reading the change")
    module = _module_path(package, feature)
    faults = [f"{path} is missing." for path in (_test_path(feature), module) if not (stage.root / path).is_file()]
    faults += [f"{module} puts work off: `{comment}`" for comment in _PUT_OFF.findall(stage.read(module))]
    stage.progress(0.4, "running all tests")
    suite = stage.python(*SUITE)
    stage.put_back()
    if suite.returncode:
        faults.append(f"The test suite fails:\n{tail(suite)}")
    if faults:
        numbered = "\n".join(f"{number}. {fault}" for number, fault in enumerate(faults, start=1))
        return Result("rework", f"{feature.key} goes back: {faults[0].partition(chr(10))[0]}", feedback=numbered)
    return Result("passed", f"{feature.key} meets its acceptance criteria; all tests pass.")


def performance(assignment: Told, stage: Stage) -> Result:
    """Time every feature; the figures go into a report, what was measured into the repository."""
    facts = facts_of(assignment, stage)
    stage.progress(0.2, "holding the stopwatch")
    slowest = sorted(facts.modules, key=lambda module: -module["microseconds"])[:REPORTED_FEATURES_MAX]
    times = [{"key": module["key"], "microseconds": module["microseconds"]} for module in slowest]
    text = prose.rendered("performance.md", facts=facts, probe=probe)
    stage.deliver("report", "performance", "Performance report", "docs/performance.md", text, slowest=times)
    change = "Measure every feature", "Performance pass by Podium's rehearsal agent."
    return stage.hand_in(change, f"Measured {prose.counted(len(facts.modules), 'feature')}.")


def ci(assignment: Told, stage: Stage) -> Result:
    """Write the continuous integration workflow, and build the page that will be deployed."""
    stage.progress(0.2, "writing the workflow")
    stage.write(".github/workflows/ci.yml", prose.filled("ci.yml"))
    stage.progress(0.4, "building the page from what every feature answers")
    page = prose.rendered("page.html", facts=facts_of(assignment, stage))
    stage.deliver("site", "site", "The application's page", "public/index.html", page, directory="public")
    change = "Add continuous integration and the page", "Delivery by Podium's rehearsal agent."
    return stage.hand_in(change, "The workflow and the page are ready to deploy.")


def _module_path(package: str, feature: Feature) -> str:
    return f"src/{package}/features/{feature.module}.py"


def _test_path(feature: Feature) -> str:
    return f"tests/{prose.test_module(feature.key)}.py"


def _commit(verb: str, assignment: Told, stage: Stage, feature: Feature) -> str | None:
    """Commit everything, with an `Issue:` trailer for review to find."""
    answers = (f"\nAnswers the feedback: {line}" for line in features.feedback_lines(assignment.texts("feedback")))
    body = f"Rehearsed by Podium's rehearsal agent.{''.join(answers)}\n\nIssue: {feature.key}"
    return stage.commit(f"{verb} {feature.key}", body)


def _run_feature_tests(stage: Stage, feature: Feature) -> subprocess.CompletedProcess[str]:
    """Run the feature's tests; without tests of its own, the whole suite decides."""
    own = ("-m", "unittest", f"tests.{prose.test_module(feature.key)}")
    return stage.python(*(own if (stage.root / _test_path(feature)).is_file() else SUITE))


def _meet_trouble(assignment: Told, stage: Stage, key: str) -> None:
    """Die or hang where the document asks for it: in mid-work, with a file written and nothing committed."""
    if strikes(stage.troubles.crash, key) and assignment.text("attempt").endswith(".a1"):
        stage.messages.log("Rehearsing a crash.", "warning")
        os.kill(os.getpid(), signal.SIGKILL)
    if strikes(stage.troubles.hang, key):
        stage.messages.log("Rehearsing a hang: alive, and getting nowhere.", "warning")
        while True:
            signal.pause()
