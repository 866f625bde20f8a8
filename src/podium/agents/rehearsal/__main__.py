"""The rehearsal agent's entry point: one assignment in, messages out, and a result at the end.

It knows which function plays which step, and what becomes of a step that is not in the repertoire.
"""

import os
import sys
from pathlib import Path

from podium.agents.rehearsal import content, development, genesis, prose
from podium.agents.rehearsal.protocol import (
    Assignment,
    AssignmentUnreadable,
    Messages,
    Result,
    StepFailed,
    read_assignment,
)
from podium.agents.rehearsal.stage import Clone, Stage, read_troubles, strikes


def _answer(assignment: Assignment, stage: Stage) -> Result:
    """Somebody's message has woken the instance: it is read, and nothing is changed."""
    stage.progress(0.5, "reading what was sent")
    return Result("passed", f"Read what was sent about {assignment.project.id}.")


_WORKFLOWS = {"genesis": genesis.STEPS, "development": development.STEPS, "content": content.STEPS}
_STEPS = {workflow: {"answer": _answer, **steps} for workflow, steps in _WORKFLOWS.items()}


def _perform(assignment: Assignment, stage: Stage) -> Result:
    """Play the assigned step; trouble that the step can name becomes a result, not a crash."""
    if _is_to_fail(assignment, stage):
        return Result("failed", f"The document asked for “{assignment.step}” to fail, and so it does.")
    step = _STEPS.get(assignment.workflow, {}).get(assignment.step, _stand_in)
    try:
        return step(assignment, stage)
    except StepFailed as failure:
        return Result("blocked", str(failure))


def _is_to_fail(assignment: Assignment, stage: Stage) -> bool:
    targets = stage.troubles.fail
    if assignment.step in targets:
        return True
    return assignment.step == "implement" and assignment.item is not None and strikes(targets, assignment.item.key)


def _stand_in(assignment: Assignment, stage: Stage) -> Result:
    """Leave a page for a step that a user's own pipeline adds, so that any pipeline can be rehearsed."""
    names = [assignment.workflow, assignment.step, *([assignment.item.key] if assignment.item else [])]
    name = "-".join(filter(None, (prose.slug(part, 60) for part in names))) or "step"
    stage.progress(0.5, "standing in for a step that is not in the repertoire")
    words = {"workflow": prose.markdown(assignment.workflow), "step": prose.markdown(assignment.step)}
    stage.write(f"docs/rehearsed/{name}.md", prose.filled("stand_in.md", **words))
    change = f"Stand in for {name}", "A step outside the rehearsal agent's repertoire."
    return stage.hand_in(change, f"Stood in for “{assignment.step}”, which is not in the repertoire.")


def main() -> int:
    """Play one step in the current directory; the exit status is 0 when a result was given."""
    path = os.environ.get("PODIUM_ASSIGNMENT")
    if not path:
        sys.stderr.write("PODIUM_ASSIGNMENT names no file; Podium sets it for every attempt.\n")
        return 2
    try:
        assignment = read_assignment(Path(path))
    except AssignmentUnreadable as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    messages = Messages(sys.stdout)
    stage = Stage(Clone(Path.cwd(), os.environ), messages, read_troubles(assignment.document))
    messages.log(f"This is a rehearsal of {assignment.workflow}/{assignment.step}: real actions, boilerplate wit.")
    for letter in assignment.messages:
        messages.log(f"Read a message from {letter.from_}: {letter.text}")
    result = _perform(assignment, stage)
    stage.progress(1.0, "took a bow")
    messages.spend(input_tokens=0, output_tokens=0, cost_usd=0.0)
    messages.result(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
