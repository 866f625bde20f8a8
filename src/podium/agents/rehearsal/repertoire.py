"""Which function plays which step, and what becomes of a step that is not in the repertoire."""

from collections.abc import Callable
from typing import TypeAlias

from podium.agents.rehearsal import campaign, content, delivery, development, genesis, prose, texts
from podium.agents.rehearsal.protocol import Assignment, Result, StepFailed
from podium.agents.rehearsal.stage import Stage
from podium.agents.rehearsal.troubles import strikes

StepFunction: TypeAlias = Callable[[Assignment, Stage], Result]


def _optimize(assignment: Assignment, stage: Stage) -> Result:
    # The editor parses Markdown; no other step should pay for loading the parser.
    from podium.agents.rehearsal import editing

    return editing.optimize(assignment, stage)


def _answer(assignment: Assignment, stage: Stage) -> Result:
    """Somebody's message has woken the instance: it is read, and nothing is changed."""
    stage.progress(0.5, "reading what was sent")
    return Result("passed", f"Read what was sent about {assignment.project.id}.")


STEPS: dict[tuple[str, str], StepFunction] = {
    ("genesis", "analyze"): genesis.analyze,
    ("genesis", "scaffold"): genesis.scaffold,
    ("genesis", "issues"): genesis.issues,
    ("development", "tests"): development.tests,
    ("development", "implement"): development.implement,
    ("development", "review"): development.review,
    ("development", "performance"): delivery.performance,
    ("development", "ci"): delivery.ci,
    ("content", "analyze"): content.analyze,
    ("content", "documentation"): content.documentation,
    ("content", "marketing"): campaign.marketing,
    ("content", "social"): campaign.social,
    ("content", "optimize"): _optimize,
    **dict.fromkeys([("genesis", "answer"), ("development", "answer"), ("content", "answer")], _answer),
}


def perform(assignment: Assignment, stage: Stage) -> Result:
    """Play the assigned step; trouble that the step can name becomes a result, not a crash."""
    if _is_to_fail(assignment, stage):
        return Result("failed", f"The document asked for “{assignment.step}” to fail, and so it does.")
    step = STEPS.get((assignment.workflow, assignment.step), stand_in)
    try:
        return step(assignment, stage)
    except StepFailed as failure:
        return Result("blocked", str(failure))


def _is_to_fail(assignment: Assignment, stage: Stage) -> bool:
    targets = stage.troubles.fail
    if assignment.step in targets:
        return True
    return assignment.step == "implement" and assignment.item is not None and strikes(targets, assignment.item.key)


def stand_in(assignment: Assignment, stage: Stage) -> Result:
    """Leave a page for a step that a user's own pipeline adds, so that any pipeline can be rehearsed."""
    names = [assignment.workflow, assignment.step, *([assignment.item.key] if assignment.item else [])]
    name = "-".join(filter(None, (prose.slug(part, 60) for part in names))) or "step"
    stage.progress(0.5, "standing in for a step that is not in the repertoire")
    path = f"docs/rehearsed/{name}.md"
    text = texts.filled(
        "stand_in.md", workflow=prose.markdown(assignment.workflow), step=prose.markdown(assignment.step)
    )
    stage.write(path, text)
    commit = stage.clone.commit(f"Stand in for {name}", "A step outside the rehearsal agent's repertoire.")
    return Result(
        "passed", f"Stood in for “{assignment.step}”, which is not in the repertoire.", data={"commit": commit}
    )
