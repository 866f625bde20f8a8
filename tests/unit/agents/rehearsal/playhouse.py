"""Plays Podium's part for the rehearsal agent: clones, assignments, and the merges that Podium does itself."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

SOURCE = Path(__file__).resolve().parents[4] / "src"
STEP_SECONDS_MAX = 60
ISSUE_STEPS = ("tests", "implement", "review")
CONTENT_STEPS = ("documentation", "marketing", "social")

Json = dict[str, Any]
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Played:
    """One attempt that ended: its clone, its exit status, all its messages, and what it wrote to stderr."""

    clone: Path
    status: int
    messages: list[Json]
    stderr: str

    @property
    def result(self) -> Json:
        return self.of_type("result")[0]

    @property
    def verdict(self) -> str:
        return self.result["verdict"]

    def of_type(self, kind: str) -> list[Json]:
        return [message for message in self.messages if message["type"] == kind]

    def artifacts(self, kind: str = "") -> list[Json]:
        return [message for message in self.of_type("artifact") if kind in ("", message["kind"])]

    def head(self) -> str:
        return git(self.clone, "rev-parse", "HEAD")


def environment(home: Path) -> dict[str, str]:
    """The whole environment an attempt sees, but for its assignment."""
    identity = {"NAME": "Podium", "EMAIL": "podium@podium.invalid"}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C",
        "PYTHONPATH": str(SOURCE),
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in identity.items()},
    }


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *arguments],
        env=environment(folder.parent),
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout.strip()


def run_suite(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the project's tests as its README says, with nothing but Python."""
    return subprocess.run(
        [sys.executable, "-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        check=False,
        capture_output=True,
        text=True,
    )


def at_once(work: Callable[[In], Out], over: Iterable[In]) -> list[Out]:
    """Do the same work for several things in parallel, as Podium's instances would."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, over))


@dataclass
class Playhouse:
    """One project: its repository with an empty first commit, and the artifacts that its steps made."""

    folder: Path
    document_text: str
    project: Json = field(default_factory=dict[str, Any])
    artifacts: list[Json] = field(default_factory=list[Json])
    increment: Json | None = None
    attempts: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        if self.main.exists():
            return
        self.main.mkdir(parents=True)
        self.document.write_text(self.document_text, encoding="utf-8")
        git(self.main, "init", "--quiet", "--initial-branch=main")
        git(self.main, "commit", "--quiet", "--allow-empty", "--message=root")

    @property
    def main(self) -> Path:
        return self.folder / "main"

    @property
    def document(self) -> Path:
        return self.folder / "requirements.md"

    def play(
        self,
        workflow: str,
        step: str,
        issue: Json | None = None,
        origin: Path | None = None,
        feedback: Sequence[str] = (),
        attempt: int = 1,
    ) -> Played:
        """Run one attempt in a fresh clone of `origin`, by default the merged state."""
        number = next(self.attempts)
        clone = self.folder / f"attempt-{number}"
        git(self.folder, "clone", "--quiet", str(origin or self.main), str(clone))
        item = {"key": issue["key"], "title": issue["title"], "data": issue["data"]} if issue else None
        assignment = {
            "version": 1,
            "attempt": f"hello-world/{number}.a{attempt}",
            "project": {"id": "p", "title": "", "brief": "", "type": None, "complexity": None, **self.project},
            "workflow": workflow,
            "step": step,
            "role": "any",
            "instance": "dev-01",
            "item": item,
            "prompt": "",
            "document": str(self.document),
            "artifacts": self.artifacts,
            "feedback": list(feedback),
            "base": git(clone, "rev-parse", "HEAD"),
            "increment": self.increment,
        }
        path = clone.with_suffix(".json")
        path.write_text(json.dumps(assignment), encoding="utf-8")
        return self.start(clone, path)

    def start(self, clone: Path, assignment: Path) -> Played:
        done = subprocess.run(
            [sys.executable, "-m", "podium.agents.rehearsal"],
            cwd=clone,
            env={**environment(self.folder), "PODIUM_ATTEMPT": "test", "PODIUM_ASSIGNMENT": str(assignment)},
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=STEP_SECONDS_MAX,
        )
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        return Played(clone, done.returncode, messages, done.stderr)

    def passed(self, played: Played) -> Played:
        """Check that a step passed, and keep what it made for the steps after it."""
        assert played.status == 0, played.stderr
        assert played.verdict == "passed", played.result
        self.artifacts += played.artifacts()
        return played

    def merge(self, played: Played) -> None:
        git(self.main, "pull", "--quiet", "--no-rebase", "--no-edit", str(played.clone), "HEAD")

    def genesis(self) -> list[Json]:
        """Play Genesis to its end and return the issues."""
        self.passed(self.play("genesis", "analyze"))
        side_by_side = at_once(lambda step: self.play("genesis", step), ("scaffold", "issues"))
        for played in side_by_side:
            self.merge(self.passed(played))
        return side_by_side[1].artifacts("issue")

    def develop(self, issue: Json) -> list[Played]:
        """Play one issue's chain, each step on the work of the one before."""
        chain: list[Played] = []
        for step in ISSUE_STEPS:
            origin = chain[-1].clone if chain else None
            chain.append(self.passed(self.play("development", step, issue, origin)))
        return chain

    def develop_all(self, issues: Sequence[Json]) -> list[list[Played]]:
        """Play all chains at once, from the same base, then merge one after another."""
        chains = at_once(self.develop, issues)
        for chain in chains:
            self.merge(chain[-1])
        return chains

    def deliver(self) -> None:
        """Play what follows the issues: the performance pass, delivery, and all of Content."""
        for workflow, step in (("development", "performance"), ("development", "ci"), ("content", "analyze")):
            self.merge(self.passed(self.play(workflow, step)))
        for played in at_once(lambda step: self.play("content", step), CONTENT_STEPS):
            self.merge(self.passed(played))
        self.merge(self.passed(self.play("content", "optimize")))
