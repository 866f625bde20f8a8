"""Development's steps. For one issue: tests that fail, code that passes them, and an independent review.

At the end, once for the project: a performance pass, then what is to be deployed.
"""

import os
import re
import signal
import subprocess
import time

from podium.agents.rehearsal import features, probe, prose
from podium.agents.rehearsal.facts import facts_of
from podium.agents.rehearsal.features import Feature, feature_of
from podium.agents.rehearsal.protocol import Assignment, JsonObject, Result
from podium.agents.rehearsal.stage import SUITE, Stage, strikes, tail

BUDGET_MILLISECONDS = 20
REPORTED_FEATURES_MAX = 100
HANG_NAP_SECONDS = 1.0

_FIRST_NIGHT = "Rehearsed by Podium's rehearsal agent."
_PUT_OFF = re.compile(r"^[ \t]*(# (?:TODO|FIXME|XXX)\b.*)", re.MULTILINE)


def tests(assignment: Assignment, stage: Stage) -> Result:
    """Write the feature's tests, and see them fail."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.2, "writing the tests")
    stage.write(_test_path(feature), features.test_text(package, feature))
    stage.progress(0.6, "watching them fail")
    fails = _run_feature_tests(stage, feature).returncode != 0
    commit = stage.clone.commit(f"Test {feature.key}", _body(assignment), feature.key)
    summary = f"Wrote the tests of {feature.key}; they {'fail, as they should' if fails else 'pass already'}."
    return Result("passed", summary, data={"commit": commit, "failing": fails})


def implement(assignment: Assignment, stage: Stage) -> Result:
    """Write the feature's module and see its tests pass."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.1, "reading the tests")
    with_fault = strikes(stage.troubles.rework, feature.key) and not assignment.feedback
    stage.write(_module_path(package, feature), features.module_text(feature, assignment.feedback, with_fault))
    stage.progress(0.5, "wrote the feature")
    _meet_trouble(assignment, stage, feature.key)
    finished = _run_feature_tests(stage, feature)
    stage.progress(0.9, "ran the tests")
    data: JsonObject = {"commit": stage.clone.commit(f"Implement {feature.key}", _body(assignment), feature.key)}
    if finished.returncode:
        return Result("failed", f"{feature.key} does not pass its tests.", feedback=tail(finished), data=data)
    return Result("passed", f"Implemented {feature.key}; its tests pass.", data=data)


def review(assignment: Assignment, stage: Stage) -> Result:
    """Look at what the issue asked for and run everything; change nothing."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.2, "reading the change")
    module = _module_path(package, feature)
    paths = [path for path in (_test_path(feature), module) if not (stage.clone.root / path).is_file()]
    faults = [f"{path} is missing." for path in paths]
    faults += [f"{module} puts work off: `{comment}`" for comment in _PUT_OFF.findall(stage.clone.read(module))]
    stage.progress(0.4, "running all tests")
    suite = stage.clone.python(*SUITE)
    stage.clone.put_back()
    if suite.returncode:
        faults.append(f"The test suite fails:\n{tail(suite)}")
    if faults:
        numbered = "\n".join(f"{number}. {fault}" for number, fault in enumerate(faults, start=1))
        return Result("rework", f"{feature.key} goes back: {faults[0].partition(chr(10))[0]}", feedback=numbered)
    return Result("passed", f"{feature.key} meets its acceptance criteria; all tests pass.")


def performance(assignment: Assignment, stage: Stage) -> Result:
    """Time every feature; the figures go into a report, what was measured into the repository."""
    facts = facts_of(assignment, stage)
    stage.progress(0.2, "holding the stopwatch")
    timed = sorted(facts.asked("timed"), key=lambda module: -module.microseconds)
    slow = [module.key for module in timed if module.microseconds > BUDGET_MILLISECONDS * 1_000]
    text = prose.rendered("performance.md", facts=facts, slow=slow, probe=probe, budget=BUDGET_MILLISECONDS)
    report: JsonObject = {
        "budget_milliseconds": BUDGET_MILLISECONDS,
        "features": len(timed),
        "slowest": [{"key": m.key, "microseconds": m.microseconds} for m in timed[:REPORTED_FEATURES_MAX]],
        "passed": not slow,
    }
    stage.deliver("report", "performance", "Performance report", "docs/performance.md", text, **report)
    change = "Measure every feature", "Performance pass by Podium's rehearsal agent."
    handed_in = stage.hand_in(change, f"All {prose.counted(len(timed), 'feature')} within budget.")
    if slow:
        names = ", ".join(slow[:REPORTED_FEATURES_MAX])
        return Result("failed", f"Over the budget of {BUDGET_MILLISECONDS} ms: {names}", data=handed_in.data)
    return handed_in


def ci(assignment: Assignment, stage: Stage) -> Result:
    """Write the continuous integration workflow, and build the page that will be deployed."""
    stage.progress(0.2, "writing the workflow")
    stage.write(".github/workflows/ci.yml", prose.filled("ci.yml"))
    stage.progress(0.4, "building the page from what every feature answers")
    page = prose.rendered("page.html", facts=facts_of(assignment, stage))
    stage.deliver("site", "site", "The application's page", "public/index.html", page, directory="public")
    change = "Add continuous integration and the page", "Delivery by Podium's rehearsal agent."
    return stage.hand_in(change, "The workflow and the page are ready to deploy.")


def _module_path(package: str, feature: Feature) -> str:
    return f"src/{package}/features/{prose.feature_module(feature.key)}.py"


def _test_path(feature: Feature) -> str:
    return f"tests/{prose.test_module(feature.key)}.py"


def _body(assignment: Assignment) -> str:
    lines = features.feedback_lines(assignment.feedback)
    return "\n".join([_FIRST_NIGHT, *(f"Answers the feedback: {line}" for line in lines)])


def _run_feature_tests(stage: Stage, feature: Feature) -> subprocess.CompletedProcess[str]:
    """Run the feature's tests; without tests of its own, the whole suite decides."""
    own = ("-m", "unittest", f"tests.{prose.test_module(feature.key)}")
    return stage.clone.python(*(own if (stage.clone.root / _test_path(feature)).is_file() else SUITE))


def _meet_trouble(assignment: Assignment, stage: Stage, key: str) -> None:
    """Die or hang where the document asks for it: in mid-work, with a file written and nothing committed."""
    if strikes(stage.troubles.crash, key) and assignment.is_first_attempt:
        stage.messages.log("Rehearsing a crash.", "warning")
        os.kill(os.getpid(), signal.SIGKILL)
    if strikes(stage.troubles.hang, key):
        stage.messages.log("Rehearsing a hang: alive, and getting nowhere.", "warning")
        while True:
            time.sleep(HANG_NAP_SECONDS)


STEPS = {"tests": tests, "implement": implement, "review": review, "performance": performance, "ci": ci}
