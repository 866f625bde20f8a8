"""The rehearsal agent's entry point: one assignment in, messages out, and a result at the end.

It knows which function plays which step, and what becomes of a step that is not in the repertoire.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from podium.agents.rehearsal import building, content, prose
from podium.agents.rehearsal.protocol import AssignmentUnreadable, Messages, Result, StepFailed, Told, read_assignment
from podium.agents.rehearsal.stage import Stage, read_troubles, strikes
from podium.domain.project import slug


def _answer(assignment: Told, stage: Stage) -> Result:
    """Somebody's message has woken the instance: it is read, and nothing is changed."""
    stage.progress(0.5, "reading what was sent")
    return Result("passed", f"Read what was sent about {assignment.object('project').text('id')}.")


def _stand_in(assignment: Told, stage: Stage) -> Result:
    """Leave a page for a step that a user's own pipeline adds, so that any pipeline can be rehearsed."""
    step = assignment.text("step")
    names = (assignment.text("workflow"), step, assignment.object("item").text("key"))
    name = "-".join(filter(None, (slug(part, "") for part in names))) or "step"
    stage.progress(0.5, "standing in for a step that is not in the repertoire")
    stage.write(f"docs/rehearsed/{name}.md", prose.filled("stand_in.md", workflow=names[0], step=step))
    change = f"Stand in for {name}", "A step outside the rehearsal agent's repertoire."
    return stage.hand_in(change, f"Stood in for “{step}”, which is not in the repertoire.")


_PLAYS: dict[str, tuple[Callable[[Told, Stage], Result], ...]] = {
    "genesis": (building.analyze, building.scaffold, building.issues, _answer),
    "development": (building.tests, building.implement, building.review, building.performance, building.ci, _answer),
    "content": (content.analyze, content.optimize, _answer),
}
_REPERTOIRE = {
    **{f"{workflow}/{play.__name__.strip('_')}": play for workflow, plays in _PLAYS.items() for play in plays},
    **{f"content/{step}": content.write for step in content.WRITING},
}


def _perform(assignment: Told, stage: Stage) -> Result:
    """Play the assigned step; trouble that the step can name becomes a result, not a crash."""
    step, fail = assignment.text("step"), stage.troubles.fail
    if step in fail or (step == "implement" and strikes(fail, assignment.object("item").text("key"))):
        return Result("failed", f"The document asked for “{step}” to fail, and so it does.")
    try:
        return _REPERTOIRE.get(f"{assignment.text('workflow')}/{step}", _stand_in)(assignment, stage)
    except StepFailed as failure:
        return Result("blocked", str(failure))


def main() -> int:
    """Play one step in the current directory; the exit status is 0 when a result was given."""
    try:
        assignment = read_assignment(Path(os.environ.get("PODIUM_ASSIGNMENT", "(PODIUM_ASSIGNMENT is not set)")))
    except AssignmentUnreadable as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    messages = Messages(sys.stdout)
    stage = Stage(Path.cwd(), os.environ, messages, read_troubles(Path(assignment.text("document"))))
    name = f"{assignment.text('workflow')}/{assignment.text('step')}"
    messages.log(f"This is a rehearsal of {name}: real actions, boilerplate wit.")
    for letter in assignment.objects("messages"):
        messages.log(f"Read a message from {letter.text('from')}: {letter.text('text')}")
    result = _perform(assignment, stage)
    stage.progress(1.0, "took a bow")
    messages.spend(input_tokens=0, output_tokens=0, cost_usd=0.0)
    messages.result(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
