"""Content from the code as it is: a brief of what the repository really holds, a guide and a reference."""

import shlex

from podium.agents.rehearsal import prose, releases, repository, texts
from podium.agents.rehearsal.json_fields import JsonObject
from podium.agents.rehearsal.protocol import Assignment, Result
from podium.agents.rehearsal.repository import Example, FeatureModule
from podium.agents.rehearsal.stage import Stage
from podium.agents.rehearsal.story import Story, story_of

GUIDE_FEATURES_MAX = 40

_AUDIENCES = {
    "web": "people with a browser",
    "api": "programs that call programs, and whoever writes them",
    "data": "people who would rather have a table",
    "library": "developers with an import to spare",
    "cli": "people at a terminal",
}


def analyze(assignment: Assignment, stage: Stage) -> Result:
    """Read the repository and deliver a brief of plain facts; nothing is changed."""
    package = repository.package_of(stage.clone)
    stage.progress(0.2, "reading the repository")
    modules = repository.feature_modules(stage.clone, package)
    test_count = repository.count_tests(stage.clone)
    story = story_of(assignment, stage.clone)
    plan = assignment.artifact("plan")
    project_type = assignment.project.type or (str(plan.data.get("type")) if plan else "cli")
    brief: JsonObject = {
        "title": story.title,
        "summary": story.summary,
        "package": package,
        "audience": _AUDIENCES.get(project_type, _AUDIENCES["cli"]),
        "tests": test_count,
        "features": [_fact(module) for module in modules],
        "version": assignment.increment.version if assignment.increment else None,
        "rehearsal": True,
    }
    stage.progress(0.9, "wrote the brief")
    stage.messages.artifact("brief", "brief", f"Content brief: {story.title}", brief)
    facts = f"{prose.counted(len(modules), 'feature')}, {prose.counted(test_count, 'test')}"
    return Result("passed", f"The repository really holds {facts}.", data={"features": len(modules)})


def documentation(assignment: Assignment, stage: Stage) -> Result:
    """Write the guide and the reference; every example in them has just been run."""
    package = repository.package_of(stage.clone)
    story = story_of(assignment, stage.clone)
    stage.progress(0.2, "running every example")
    examples = repository.run_examples(stage.clone, package)
    modules = repository.feature_modules(stage.clone, package)
    stage.progress(0.6, "writing the guide and the reference")
    pages = {
        "guide": ("docs/guide.md", _guide(story, package, modules, examples)),
        "reference": ("docs/reference.md", _reference(story, package, modules, examples, stage)),
    }
    for key, (path, text) in pages.items():
        stage.write(path, text)
        data: JsonObject = {"words": len(prose.words(text)), "examples": len(examples), "rehearsal": True}
        stage.messages.artifact("documentation", key, f"{story.title}: the {key}", data, path)
    releases.add_page(assignment, stage, "documentation")
    commit = stage.clone.commit("Write the guide and the reference", "Documentation by Podium's rehearsal agent.")
    ran = prose.counted(len(examples), "example")
    return Result("passed", f"Wrote the guide and the reference; {ran} run.", data={"commit": commit})


def _fact(module: FeatureModule) -> JsonObject:
    return {"key": module.key, "title": module.title, "does": module.run_summary, "path": module.path}


def _guide(story: Story, package: str, modules: list[FeatureModule], examples: dict[str, Example]) -> str:
    shown = modules[:GUIDE_FEATURES_MAX]
    tour = "\n\n".join(_tour_stop(package, module, examples.get(module.key)) for module in shown)
    more = len(modules) - len(shown)
    return texts.filled(
        "guide.md",
        title=prose.markdown(story.title),
        summary=prose.markdown(story.summary),
        package=package,
        count=prose.counted(len(modules), "feature"),
        tour=tour + (f"\n\nThe other {prose.counted(more, 'feature')} are in the reference." if more else ""),
    )


def _tour_stop(package: str, module: FeatureModule, example: Example | None) -> str:
    number = module.key.partition("-")[0]
    lines = [f"### {prose.markdown(module.title)}", "", prose.markdown(module.run_summary)]
    if example:
        given = shlex.quote(example.given.replace("\n", "\\n"))
        lines += ["", prose.fenced(f"$ python -m {package} {number} {given}\n{example.answer}", "console")]
    return "\n".join(lines)


def _reference(
    story: Story, package: str, modules: list[FeatureModule], examples: dict[str, Example], stage: Stage
) -> str:
    return texts.filled(
        "reference.md",
        title=prose.markdown(story.title),
        package=package,
        count=prose.counted(len(modules), "feature"),
        tests=prose.counted(repository.count_tests(stage.clone), "test"),
        features="\n\n".join(_entry(module, examples.get(module.key)) for module in modules),
    )


def _entry(module: FeatureModule, example: Example | None) -> str:
    criteria = "\n".join(f"- {prose.markdown(criterion)}" for criterion in module.acceptance)
    parts = [
        f"## {prose.markdown(module.title)}",
        f"`{module.key}`, in `{module.path}`. {prose.markdown(module.run_summary)}",
    ]
    if criteria:
        parts.append(f"Accepted when:\n\n{criteria}")
    if example:
        given, answer = prose.fenced(example.given, "text"), prose.fenced(example.answer, "text")
        parts.append(f"Given:\n\n{given}\n\nit answers:\n\n{answer}")
    return "\n\n".join(parts)
