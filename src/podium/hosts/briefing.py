"""Writes an attempt's directory: what the agent is told, and what only its runner may know."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from podium.agents.command import Program
from podium.domain.attempt import Assignment
from podium.hosts import cleaning
from podium.runner import files
from podium.runner import spec as specs
from podium.runner.limits import Limits
from podium.runner.spec import Spec
from podium.workspace.layout import PRIVATE, Home, make_private

PROTOCOL_VERSION: Final = 1


def write(
    home: Home, assignment: Assignment, program: Program, base: str, path: str, limits: Limits
) -> tuple[Path, str]:
    """Make the attempt's directory; its path, and the tag that its processes carry.

    Raises FileExistsError when the attempt has one: it was started, or revoked, before.
    """
    directory = home.attempt(assignment.attempt)
    cleaning.reclaim(directory)
    make_private(directory.parent)
    directory.mkdir(mode=PRIVATE)
    (directory / cleaning.UNFINISHED).touch(mode=files.PRIVATE_FILE)
    for part in ("clone", "home", "tmp"):
        (directory / part).mkdir(mode=PRIVATE)
    document = directory / "document.md"
    document.write_text(assignment.document, "utf-8")
    (directory / "assignment.json").write_text(json.dumps(told(assignment, document, base)))
    spec = Spec(
        directory=directory,
        attempt=assignment.attempt,
        home_id=home.id,
        job=assignment.job,
        step=assignment.step,
        instance=assignment.instance,
        repository=str(home.repository(str(assignment.project["id"]))),
        base=base,
        argv=program.argv,
        env=dict(program.env),
        path=path,
        secrets=program.secrets,
        timeout_seconds=assignment.timeout_seconds,
        gates=assignment.gates,
        limits=limits,
        cache=str(make_private(home.cache)),
    )
    specs.write(spec)
    return directory, spec.tag


def told(assignment: Assignment, document: Path, base: str) -> Mapping[str, Any]:
    """The assignment as docs/command-protocol.md describes it."""
    return {
        "version": PROTOCOL_VERSION,
        "attempt": assignment.attempt,
        "project": assignment.project,
        "workflow": assignment.workflow,
        "step": assignment.step,
        "role": assignment.role,
        "instance": assignment.instance,
        "item": assignment.item,
        "prompt": assignment.prompt,
        "document": str(document),
        "artifacts": [{k: v for k, v in asdict(a).items() if k != "run"} for a in assignment.artifacts],
        "feedback": list(assignment.feedback),
        "messages": [
            {"id": m.id, "from": m.sender, "to": m.to, "project": m.project or None, "text": m.text, "at": m.at}
            for m in assignment.messages
        ],
        "base": base,
        "increment": assignment.increment,
    }
