"""The steps of Genesis: analysis makes a plan; scaffolding and issues, side by side, make it a repository."""

import re
from pathlib import Path

from podium.agents.rehearsal import existing, feature_files, groundwork, naming, prose, repository
from podium.agents.rehearsal.plan import Plan, plan_of
from podium.agents.rehearsal.protocol import Assignment, Result, StepFailed
from podium.agents.rehearsal.stage import Stage

DOCUMENT_BYTES_MAX = 8_388_608
PROGRESS_STEPS = 20

_NOTHING_TO_BUILD = (
    "The document names no features, so there is nothing to build. Write them as a list under a heading such "
    "as `## Features`, one feature an item: `- Greet by name: say hello to a person by name`."
)


def analyze(assignment: Assignment, stage: Stage) -> Result:
    """Read the requirement document and deliver a plan; the repository stays as it is."""
    # The parser is loaded only by the steps that parse.
    from podium.agents.rehearsal import document, planning

    stage.progress(0.1, "reading the requirement document")
    text = _read_document(assignment.document)
    plan = planning.make_plan(
        document.outline(text), text, assignment.project, _first_number(stage), repository.find_package(stage.clone)
    )
    if not plan.features:
        return Result("blocked", _NOTHING_TO_BUILD)
    stage.progress(0.5, "running the tests that are there")
    if trouble := existing.trouble(stage.clone):
        return Result("blocked", trouble)
    plan = _with_free_package(plan, stage)
    count = prose.counted(len(plan.features), "feature")
    stage.progress(0.9, f"planned {count}")
    stage.messages.artifact("plan", "plan", plan.title, plan.as_data())
    return Result(
        "passed",
        f"Planned “{plan.title}”: {plan.complexity} {plan.type}, {count}.",
        data={"title": plan.title, "type": plan.type, "complexity": plan.complexity, "features": len(plan.features)},
    )


def scaffold(assignment: Assignment, stage: Stage) -> Result:
    """Lay out the repository from a template; files that are already there stay as they are."""
    plan = plan_of(assignment)
    stage.progress(0.3, "setting the stage from the template")
    groundwork.lay_out(plan, stage)
    stage.progress(0.8, "running the first test")
    checked = groundwork.first_test(plan, stage)
    if checked.status:
        return Result("failed", "The scaffold's own test fails.", feedback=checked.tail)
    commit = stage.clone.commit(f"Lay out {plan.title}", "Scaffold by Podium's rehearsal agent.")
    return Result("passed", f"Laid out the package `{plan.package}`; its test passes.", data={"commit": commit})


def issues(assignment: Assignment, stage: Stage) -> Result:
    """Write one issue for each planned feature."""
    plan = plan_of(assignment)
    total = len(plan.features)
    for index, feature in enumerate(plan.features):
        path = f"docs/issues/{feature.key}.md"
        stage.write(path, feature_files.issue_text(feature))
        data = feature.as_data() | {"number": naming.feature_number(feature.key)}
        stage.messages.artifact("issue", feature.key, feature.title, data, path)
        # A few progress messages tell as much as five thousand.
        if index % max(1, total // PROGRESS_STEPS) == 0:
            stage.progress((index + 1) / (total + 1), f"wrote issue {feature.key}")
    commit = stage.clone.commit(
        f"Write {prose.counted(total, 'issue')}", "Issues by Podium's rehearsal agent, one for each planned feature."
    )
    return Result("passed", f"Wrote {prose.counted(total, 'issue')}.", data={"commit": commit, "issues": total})


def _read_document(document: Path | None) -> str:
    if document is None or not document.is_file():
        raise StepFailed("The assignment has no requirement document; there is nothing to analyse.")
    if document.stat().st_size > DOCUMENT_BYTES_MAX:
        raise StepFailed(f"The requirement document is larger than {DOCUMENT_BYTES_MAX:,} bytes; split it.")
    return document.read_text(encoding="utf-8-sig", errors="replace").replace("\0", "")


def _first_number(stage: Stage) -> int:
    """Return the number after the last issue of a repository that has some already."""
    names = (path.name for path in stage.clone.root.glob("docs/issues/*.md"))
    taken = (int(found[0]) for found in (re.match(r"[0-9]{1,9}", name) for name in names) if found)
    return max(taken, default=0) + 1


def _with_free_package(plan: Plan, stage: Stage) -> Plan:
    """Step aside when somebody else's package or module has the name."""
    package, root = plan.package, stage.clone.root
    taken = (root / folder / name for folder in ("src", ".") for name in (package, f"{package}.py"))
    if repository.find_package(stage.clone) is None and any(path.exists() for path in taken):
        package = f"{package}_rehearsal"
    return Plan(plan.title, plan.summary, plan.type, plan.complexity, package, plan.features)
