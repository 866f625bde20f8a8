"""Writes an attempt's directory: what the agent is told, and what only its runner may know."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from podium.agents.command import Program
from podium.config import SandboxConfig
from podium.domain.attempt import Assignment
from podium.hosts import cleaning, sandbox
from podium.runner import files, spec as specs
from podium.runner.spec import Limits, Spec
from podium.workspace.layout import PRIVATE, Home, make_private

PROTOCOL_VERSION: Final = 1
SAME: Final = ("attempt", "job", "step", "instance", "timeout_seconds", "gates")
"""What a runner is told as it is in the assignment."""


def make(home: Home, name: str) -> Path:
    """Make the attempt's directory, empty. Raises FileExistsError when the attempt has one."""
    directory = home.attempt(name)
    cleaning.reclaim(directory)
    make_private(directory.parent)
    directory.mkdir(mode=PRIVATE)
    (directory / cleaning.UNFINISHED).touch(mode=files.PRIVATE_FILE)
    return directory


def write(
    home: Home, assignment: Assignment, program: Program, base: str, path: str, limits: Limits, chosen: SandboxConfig
) -> tuple[Path, str]:
    """Make the attempt's directory; its path, and the tag that its processes carry.

    Raises FileExistsError when the attempt has one: it was started, or revoked, before.
    """
    directory = make(home, assignment.attempt)
    for part in ("clone", "home", "tmp"):
        (directory / part).mkdir(mode=PRIVATE)
    document = directory / "document.md"
    document.write_text(assignment.document, "utf-8")
    kept = unfinished(home, assignment)
    (directory / "assignment.json").write_text(json.dumps(told(assignment, document, base, kept)))
    repository = home.repository(str(assignment.project["id"]))
    walls = sandbox.walls(chosen, home, directory, repository, program, path)
    spec = Spec(
        directory=directory,
        **{name: getattr(assignment, name) for name in SAME},
        home_id=home.id, repository=str(repository), base=base, argv=program.argv,
        env={"PODIUM_SESSION": str(home.session(assignment.attempt)), **program.env}, path=path,
        secrets=program.secrets, limits=limits, walls=walls.whole, git_walls=walls.for_git,
        allow=sandbox.ways_out(chosen, program) if walls.whole else (),
        cache=walls.cache if walls.whole else str(make_private(home.cache)),
    )  # fmt: skip
    specs.write(spec)
    return directory, spec.tag


def unfinished(home: Home, assignment: Assignment) -> str | None:
    """The commit that keeps what the newest attempt before this one left unfinished, if any did."""
    kept = home.repository(str(assignment.project["id"])) / ".git/refs/podium/salvage"
    refs = (kept / f"{assignment.job}.a{number}" for number in range(assignment.number - 1, 0, -1))
    return next((ref.read_text("ascii").strip() for ref in refs if ref.is_file()), None)


def told(assignment: Assignment, document: Path, base: str, unfinished: str | None) -> Mapping[str, Any]:
    """The assignment as docs/command-protocol.md describes it."""
    same = ("attempt", "project", "workflow", "step", "role", "instance", "item", "prompt", "feedback", "increment")
    return {
        **{name: getattr(assignment, name) for name in same},
        "version": PROTOCOL_VERSION, "document": str(document), "base": base, "unfinished": unfinished,
        "artifacts": [{k: v for k, v in asdict(a).items() if k != "run"} for a in assignment.artifacts],
        "messages": [
            {"id": m.id, "from": m.sender, "to": m.to, "project": m.project or None, "text": m.text, "at": m.at}
            for m in assignment.messages
        ],
    }  # fmt: skip
