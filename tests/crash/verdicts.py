"""What real runs left behind, judged from git, the database and the process table alone.

This shares nothing with the engine: it reads with the standard library, psycopg and the git program.
"""

import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

SHARED: dict[Path, str] = {}
"""Homes whose state is in PostgreSQL, and where."""


Ask = Callable[..., list[Any]]
"""The rows of a question with `?` for each argument."""


@contextmanager
def books(home: Path) -> Generator[Ask]:
    """Asks the home's database."""
    with ExitStack() as stack:
        if home in SHARED:
            shared = stack.enter_context(psycopg.connect(SHARED[home]))
        else:
            file = f"file:{home / 'podium.sqlite'}?mode=ro"
            shared = stack.enter_context(closing(sqlite3.connect(file, uri=True, timeout=10)))

        def ask(question: str, *arguments: Any) -> list[Any]:
            if isinstance(shared, sqlite3.Connection):
                return list(shared.execute(question, arguments))
            return shared.execute(question.replace("?", "%s").encode(), arguments).fetchall()

        yield ask


class Verdict(NamedTuple):
    """Violations by class; all empty when nothing was lost, repeated or left over."""

    lost: list[str]
    repeated: list[str]
    orphans: list[str]
    adopted: int


def judge(home: Path, features: dict[str, int]) -> Verdict:
    """Judge a stopped home. `features` maps each submitted project to its number of features."""
    lost: list[str] = []
    repeated: list[str] = []
    with books(home) as asked:
        states = dict(asked("SELECT id, state FROM project"))
        events = asked("SELECT seq, type, project, job, attempt FROM event ORDER BY seq")
    lost += [f"{name} is {states.get(name)}" for name in features if states.get(name) != "complete"]
    repeated += [f"project {name} was never submitted" for name in states if name not in features]
    lost += [f"the log lacks {i}" for i, event in enumerate(events, start=1) if event[0] != i][:1]
    passed = Counter(job for _, type_, _, job, _ in events if type_ == "job.passed")
    repeated += [f"job {job} passed {n} times" for job, n in passed.items() if n > 1]
    for name, count in features.items():
        main = _log(home / "projects" / name / "repository")
        merged = Counter(subject for subject in main if subject.startswith("Merge development"))
        implemented = Counter(subject for subject in main if subject.startswith("Implement "))
        for kind, found in (("merged", merged), ("implemented", implemented)):
            repeated += [f"{name}: {subject!r} {kind} {n} times" for subject, n in found.items() if n > 1]
            lost += [f"{name}: {len(found)} of {count} features {kind}"] if len(found) < count else []
        if not _tests_pass(home / "projects" / name / "repository"):
            lost.append(f"{name}: its tests do not pass")
    adopted = sum(type_ == "job.adopted" for _, type_, *_ in events)
    return Verdict(lost, repeated, orphans(home), adopted)


def ask(home: Path, question: str, *arguments: str) -> int:
    """One number from the database."""
    with books(home) as asked:
        return int(asked(question, *arguments)[0][0])


def ask_text(home: Path, question: str, *arguments: str) -> str:
    """One text from the database; raises IndexError where there is none."""
    with books(home) as asked:
        return str(asked(question, *arguments)[0][0])


def charged(home: Path) -> list[tuple[str, str]]:
    """Jobs (`project/job`) that an attempt failed at, were sent back or put before a person, and why.

    No trouble of the machine and no death of an orchestrator may cause that.
    """
    question = "SELECT project || '/' || id, verdict || ': ' || reason FROM attempt JOIN job ON job.id = attempt.job"
    question += " WHERE verdict IN ('rework', 'escalate')"
    question += " OR (verdict = 'retry' AND substr(reason, 1, 12) <> 'the machine ')"
    with books(home) as asked:
        return asked(question)


def _log(repository: Path) -> list[str]:
    """The subjects of every commit that main holds."""
    told = subprocess.run(
        ["git", "-C", str(repository), "log", "--format=%s", "main"], capture_output=True, text=True, check=True
    )
    return told.stdout.splitlines()


def _tests_pass(repository: Path) -> bool:
    command = ["python3", "-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."]
    return subprocess.run(command, cwd=repository, capture_output=True, check=False).returncode == 0


def orphans(home: Path) -> list[str]:
    """Processes and clones that nothing owns any more."""
    found = [str(clone) for clone in home.glob("attempts/*/*/clone")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in environment or (b"podium" in command and str(home).encode() in command):
            found.append(f"process {process.name}: {command.replace(bytes(1), b' ').decode(errors='replace')[:200]}")
    return found


def busiest(home: Path, workflow: str) -> int:
    """The most instances of a workflow that held a lease at the same time, from the event log."""
    with books(home) as asked:
        rows = asked("SELECT type, job, instance, data FROM event WHERE workflow = ? ORDER BY seq", workflow)
    busy: dict[int, str] = {}
    most = 0
    for type_, job, instance, data in rows:
        assert json.loads(data) is not None
        if type_ == "job.leased" and not instance.startswith("podium-"):
            busy[job] = instance
            most = max(most, len(set(busy.values())))
        elif type_.startswith("job."):
            busy.pop(job, None)
    return most
