"""Development's steps for one issue: tests that fail, code that passes them, and an independent review."""

import io
import os
import re
import signal
import time
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from podium.agents.rehearsal import feature_files, naming, repository
from podium.agents.rehearsal.behaviours import behaviour_for
from podium.agents.rehearsal.plan import Feature, feature_of
from podium.agents.rehearsal.protocol import Assignment, Result
from podium.agents.rehearsal.stage import Stage
from podium.agents.rehearsal.troubles import strikes

REVIEWED_COMMITS_MAX = 50
HANG_NAP_SECONDS = 1.0

# Everything a feature owns carries its number; one pattern for modules, one for tests.
_FEATURE_FILES = (re.compile(r"src/[^/]+/features/f_?([^/]+)\.py"), re.compile(r"tests/test_([^/]+)\.py"))
_FIRST_NIGHT = "Rehearsed by Podium's rehearsal agent."


def tests(assignment: Assignment, stage: Stage) -> Result:
    """Write the feature's tests, and see them fail."""
    feature, package = feature_of(assignment), repository.package_of(stage.clone)
    stage.progress(0.2, "writing the tests")
    behaviour = behaviour_for(feature.title, feature.detail)
    stage.write(repository.test_path(feature.key), feature_files.test_text(package, feature, behaviour))
    stage.progress(0.6, "watching them fail")
    fails = _run_feature_tests(stage, feature)[0] != 0
    if not fails:
        stage.messages.log("The tests pass already: the feature is there.", "warning")
    commit = stage.clone.commit(f"Test {feature.key}", _body(assignment), feature.key)
    return Result(
        "passed",
        f"Wrote the tests of {feature.key}; they {'fail, as they should' if fails else 'pass already'}.",
        data={"commit": commit, "failing": fails},
    )


def implement(assignment: Assignment, stage: Stage) -> Result:
    """Write the feature's module and see its tests pass."""
    feature, package = feature_of(assignment), repository.package_of(stage.clone)
    stage.progress(0.1, "reading the tests")
    with_fault = strikes(stage.troubles.rework, feature.key) and not assignment.feedback
    behaviour = behaviour_for(feature.title, feature.detail)
    text = feature_files.module_text(feature, behaviour, assignment.feedback, with_fault)
    stage.write(repository.feature_path(package, feature.key), text)
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
    feature, package = feature_of(assignment), repository.package_of(stage.clone)
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


def _body(assignment: Assignment) -> str:
    lines = feature_files.feedback_lines(assignment.feedback)
    return "\n".join([_FIRST_NIGHT, *(f"Answers the feedback: {line}" for line in lines)])


def _run_feature_tests(stage: Stage, feature: Feature) -> tuple[int, str]:
    """Return the exit status and what was said; without tests of its own, the whole suite decides."""
    path = repository.test_path(feature.key)
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
    for path in (repository.test_path(feature.key), repository.feature_path(package, feature.key)):
        if not (stage.clone.root / path).is_file():
            yield f"{path} is missing."


def _strangers(stage: Stage, feature: Feature) -> Iterator[str]:
    """Yield the files of other features that this issue's commits touched."""
    own = naming.test_module(feature.key).removeprefix("test_")
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
    path = repository.feature_path(package, feature.key)
    reader = io.StringIO(stage.clone.read(path)).readline
    try:
        for token in tokenize.generate_tokens(reader):
            if token.type == tokenize.COMMENT and re.match(r"#\s*(TODO|FIXME|XXX)\b", token.string):
                yield f"{path}:{token.start[0]} puts work off: `{token.string}`"
    except (tokenize.TokenError, SyntaxError) as error:
        yield f"{path} is no valid Python: {error}"
