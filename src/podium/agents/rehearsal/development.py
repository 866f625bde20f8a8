"""Development's steps. For one issue: tests that fail, code that passes them, and an independent review.

At the end, once for the project: a performance pass, then what is to be deployed.
"""

import io
import json
import os
import re
import signal
import time
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from podium.agents.rehearsal import features, prose, stopwatch
from podium.agents.rehearsal.facts import facts_of
from podium.agents.rehearsal.features import Feature, feature_of
from podium.agents.rehearsal.protocol import Assignment, JsonObject, Result, StepFailed
from podium.agents.rehearsal.stage import Stage, strikes

BUDGET_MILLISECONDS = 20
REPORTED_FEATURES_MAX = 100
REVIEWED_COMMITS_MAX = 50
HANG_NAP_SECONDS = 1.0

# Everything a feature owns carries its number; one pattern for modules, one for tests.
_FEATURE_FILES = (re.compile(r"src/[^/]+/features/f_?([^/]+)\.py"), re.compile(r"tests/test_([^/]+)\.py"))
_FIRST_NIGHT = "Rehearsed by Podium's rehearsal agent."


def tests(assignment: Assignment, stage: Stage) -> Result:
    """Write the feature's tests, and see them fail."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.2, "writing the tests")
    stage.write(_test_path(feature), features.test_text(package, feature))
    stage.progress(0.6, "watching them fail")
    fails = _run_feature_tests(stage, feature)[0] != 0
    if not fails:
        stage.messages.log("The tests pass already: the feature is there.", "warning")
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
    status, said = _run_feature_tests(stage, feature)
    stage.progress(0.9, "ran the tests")
    commit = stage.clone.commit(f"Implement {feature.key}", _body(assignment), feature.key)
    if status:
        return Result("failed", f"{feature.key} does not pass its tests.", feedback=said, data={"commit": commit})
    return Result("passed", f"Implemented {feature.key}; its tests pass.", data={"commit": commit})


def review(assignment: Assignment, stage: Stage) -> Result:
    """Run everything and look at what the issue's commits touched; change nothing."""
    feature, package = feature_of(assignment), facts_of(assignment, stage).package
    stage.progress(0.2, "reading the change")
    faults = [*_missing(stage, package, feature), *_strangers(stage, feature), *_leftovers(stage, package, feature)]
    stage.progress(0.4, "running all tests")
    suite = stage.clone.python("-m", "unittest", "discover", "-s", "tests", "-t", ".")
    stage.clone.put_back()
    if suite.status:
        faults.append(f"The test suite fails:\n{suite.tail}")
    stage.progress(0.9, "made up its mind")
    if faults:
        numbered = "\n".join(f"{number}. {fault}" for number, fault in enumerate(faults, start=1))
        return Result("rework", f"{feature.key} goes back: {faults[0].partition(chr(10))[0]}", feedback=numbered)
    return Result("passed", f"{feature.key} meets its acceptance criteria; all tests pass.")


def performance(assignment: Assignment, stage: Stage) -> Result:
    """Time every feature; the figures go into a report, what was measured into the repository."""
    facts = facts_of(assignment, stage)
    stage.progress(0.2, "holding the stopwatch")
    figures = _measure(stage, facts.package)
    slow = [module.key for module in facts.modules if figures.get(module.key, 0.0) > BUDGET_MILLISECONDS * 1_000]
    stage.progress(0.7, "writing down what was measured")
    times: dict[str, Any] = {
        "calls": stopwatch.CALLS_PER_ROUND,
        "rounds": stopwatch.ROUNDS,
        "budget": BUDGET_MILLISECONDS,
    }
    text = prose.rendered("performance.md", facts=facts, slow=slow, **times)
    slowest = sorted(figures.items(), key=lambda figure: -figure[1])[:REPORTED_FEATURES_MAX]
    report: JsonObject = {
        "budget_milliseconds": BUDGET_MILLISECONDS,
        "features": len(facts.modules),
        "slowest": [{"key": key, "microseconds": microseconds} for key, microseconds in slowest],
        "passed": not slow,
    }
    stage.deliver("report", "performance", "Performance report", "docs/performance.md", text, **report)
    handed_in = stage.hand_in(
        ("Measure every feature", "Performance pass by Podium's rehearsal agent."),
        f"All {prose.counted(len(facts.modules), 'feature')} within budget.",
    )
    if slow:
        names = ", ".join(slow[:REPORTED_FEATURES_MAX])
        return Result("failed", f"Over the budget of {BUDGET_MILLISECONDS} ms: {names}", data=handed_in.data)
    return handed_in


def ci(assignment: Assignment, stage: Stage) -> Result:
    """Write the continuous integration workflow, and build the page that will be deployed."""
    facts = facts_of(assignment, stage)
    stage.progress(0.2, "writing the workflow")
    stage.write(".github/workflows/ci.yml", prose.filled("ci.yml"))
    stage.progress(0.4, "asking every feature for its example")
    page = prose.rendered("page.html", facts=facts)
    stage.progress(0.7, "building the page")
    stage.deliver("site", "site", "The application's page", "public/index.html", page, directory="public")
    change = "Add continuous integration and the page", "Delivery by Podium's rehearsal agent."
    return stage.hand_in(change, "The workflow and the page are ready to deploy.")


def _measure(stage: Stage, package: str) -> dict[str, float]:
    finished = stage.clone.python(stopwatch.__file__, package, source_path="src")
    if finished.status:
        raise StepFailed(f"The features could not be timed: {finished.tail}")
    figures: dict[str, Any] = json.loads(finished.output)
    return {key: value for key, value in figures.items() if isinstance(value, float)}


def _module_path(package: str, feature: Feature) -> str:
    return f"src/{package}/features/{prose.feature_module(feature.key)}.py"


def _test_path(feature: Feature) -> str:
    return f"tests/{prose.test_module(feature.key)}.py"


def _body(assignment: Assignment) -> str:
    lines = features.feedback_lines(assignment.feedback)
    return "\n".join([_FIRST_NIGHT, *(f"Answers the feedback: {line}" for line in lines)])


def _run_feature_tests(stage: Stage, feature: Feature) -> tuple[int, str]:
    """Return the exit status and what was said; without tests of its own, the whole suite decides."""
    path = _test_path(feature)
    if (stage.clone.root / path).is_file():
        finished = stage.clone.python("-m", "unittest", f"tests.{Path(path).stem}")
    else:
        finished = stage.clone.python("-m", "unittest", "discover", "-s", "tests", "-t", ".")
    return finished.status, finished.tail


def _meet_trouble(assignment: Assignment, stage: Stage, key: str) -> None:
    """Die or hang where the document asks for it: in mid-work, with a file written and nothing committed."""
    if strikes(stage.troubles.crash, key) and assignment.is_first_attempt:
        stage.messages.log("Rehearsing a crash.", "warning")
        os.kill(os.getpid(), signal.SIGKILL)
    if strikes(stage.troubles.hang, key):
        stage.messages.log("Rehearsing a hang: alive, and getting nowhere.", "warning")
        _hang()


def _hang() -> NoReturn:
    while True:
        time.sleep(HANG_NAP_SECONDS)


def _missing(stage: Stage, package: str, feature: Feature) -> Iterator[str]:
    for path in (_test_path(feature), _module_path(package, feature)):
        if not (stage.clone.root / path).is_file():
            yield f"{path} is missing."


def _strangers(stage: Stage, feature: Feature) -> Iterator[str]:
    """Yield the files of other features that this issue's commits touched."""
    own = prose.test_module(feature.key).removeprefix("test_")
    for path in sorted(_touched(stage, feature.key)):
        owner = next((found[1] for found in (pattern.fullmatch(path) for pattern in _FEATURE_FILES) if found), own)
        if owner != own:
            yield f"{path} belongs to another feature; leave it as it was."


def _touched(stage: Stage, key: str) -> set[str]:
    """Return the paths that the newest commits with this issue's trailer changed.

    The trailer finds them wherever the review's clone begins; a comparison with its base would be empty.
    """
    log = stage.clone.git(
        "log",
        f"--max-count={REVIEWED_COMMITS_MAX}",
        "--no-merges",
        "--name-only",
        "--format=%x01%(trailers:key=Issue,valueonly,separator=%x2C)",
    )
    commits = (entry.split("\n") for entry in log.split("\x01"))
    return {path for issue, *paths in commits if issue == key for path in paths if path}


def _leftovers(stage: Stage, package: str, feature: Feature) -> Iterator[str]:
    """Yield the comments that put work off; the word in a title or a string is no such comment."""
    path = _module_path(package, feature)
    reader = io.StringIO(stage.clone.read(path)).readline
    try:
        for token in tokenize.generate_tokens(reader):
            if token.type == tokenize.COMMENT and re.match(r"#\s*(TODO|FIXME|XXX)\b", token.string):
                yield f"{path}:{token.start[0]} puts work off: `{token.string}`"
    except (tokenize.TokenError, SyntaxError) as error:
        yield f"{path} is no valid Python: {error}"


STEPS = (tests, implement, review, performance, ci)
