"""The last steps of Development, once for the project: a performance pass, then what is to be deployed."""

import html
import json
from pathlib import Path
from string import Template

from podium.agents.rehearsal import json_fields, prose, repository, stopwatch, texts
from podium.agents.rehearsal.json_fields import JsonObject
from podium.agents.rehearsal.protocol import Assignment, Result, StepFailed
from podium.agents.rehearsal.repository import Example, FeatureModule
from podium.agents.rehearsal.stage import Stage
from podium.agents.rehearsal.story import story_of

BUDGET_MILLISECONDS = 20
REPORTED_FEATURES_MAX = 100

_PAGE = Path(__file__).parent / "page.html"


def performance(_assignment: Assignment, stage: Stage) -> Result:
    """Time every feature; the figures go into a report, what was measured into the repository."""
    package = repository.package_of(stage.clone)
    modules = repository.feature_modules(stage.clone, package)
    stage.progress(0.2, "holding the stopwatch")
    figures = _measure(stage, package)
    slow = [module for module in modules if figures.get(module.key, 0.0) > BUDGET_MILLISECONDS * 1_000]
    stage.progress(0.7, "writing down what was measured")
    stage.write("docs/performance.md", _performance_page(modules, slow))
    slowest = sorted(figures.items(), key=lambda figure: -figure[1])[:REPORTED_FEATURES_MAX]
    report: JsonObject = {
        "budget_milliseconds": BUDGET_MILLISECONDS,
        "features": len(modules),
        "slowest": [{"key": key, "microseconds": microseconds} for key, microseconds in slowest],
        "passed": not slow,
    }
    stage.messages.artifact("report", "performance", "Performance report", report, "docs/performance.md")
    commit = stage.clone.commit("Measure every feature", "Performance pass by Podium's rehearsal agent.")
    if slow:
        names = ", ".join(module.key for module in slow[:REPORTED_FEATURES_MAX])
        return Result("failed", f"Over the budget of {BUDGET_MILLISECONDS} ms: {names}", data={"commit": commit})
    return Result("passed", f"All {prose.counted(len(modules), 'feature')} within budget.", data={"commit": commit})


def ci(assignment: Assignment, stage: Stage) -> Result:
    """Write the continuous integration workflow, and build the page that will be deployed."""
    package = repository.package_of(stage.clone)
    stage.progress(0.2, "writing the workflow")
    stage.write(".github/workflows/ci.yml", texts.filled("ci.yml"))
    stage.progress(0.4, "asking every feature for its example")
    examples = repository.run_examples(stage.clone, package)
    modules = repository.feature_modules(stage.clone, package)
    stage.progress(0.7, "building the page")
    stage.write("public/index.html", _page(assignment, stage, package, modules, examples))
    stage.messages.artifact("site", "site", "The application's page", {"directory": "public"}, "public/index.html")
    commit = stage.clone.commit("Add continuous integration and the page", "Delivery by Podium's rehearsal agent.")
    return Result("passed", "The workflow and the page are ready to deploy.", data={"commit": commit})


def _measure(stage: Stage, package: str) -> dict[str, float]:
    finished = stage.clone.python(stopwatch.__file__, package, source_path="src")
    if finished.status:
        raise StepFailed(f"The features could not be timed: {finished.tail}")
    loaded = json_fields.nested({"figures": json.loads(finished.output)}, "figures")
    return {key: value for key, value in loaded.items() if isinstance(value, float)}


def _performance_page(modules: list[FeatureModule], slow: list[FeatureModule]) -> str:
    rows = (
        f"| {prose.markdown(module.title)} | `{module.path}` | {'no' if module in slow else 'yes'} |"
        for module in modules
    )
    return texts.filled(
        "performance.md",
        calls=stopwatch.CALLS_PER_ROUND,
        rounds=stopwatch.ROUNDS,
        budget=BUDGET_MILLISECONDS,
        rows="\n".join(rows),
    )


def _page(
    assignment: Assignment, stage: Stage, package: str, modules: list[FeatureModule], examples: dict[str, Example]
) -> str:
    story = story_of(assignment, stage.clone)
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        title=html.escape(story.title),
        summary=html.escape(story.summary),
        count=prose.counted(len(modules), "feature"),
        package=html.escape(package),
        features="\n".join(_card(module, examples.get(module.key)) for module in modules),
    )


def _card(module: FeatureModule, example: Example | None) -> str:
    criteria = "".join(f"<li>{html.escape(criterion)}</li>" for criterion in module.acceptance)
    heading = f"<h3>{html.escape(module.title)}</h3><p>{html.escape(module.run_summary)}</p>"
    return f'<li class="card">{heading}<ul>{criteria}</ul>{_try_it(module, example)}</li>'


def _try_it(module: FeatureModule, example: Example | None) -> str:
    if example is None:
        return ""
    key, given, answer = (html.escape(text) for text in (module.key, example.given, example.answer))
    return (
        f'<form data-behaviour="{html.escape(module.behaviour)}"><label for="in-{key}">Try it</label>'
        f'<textarea id="in-{key}" rows="3" spellcheck="false">{given}</textarea>'
        f'<output for="in-{key}" aria-live="polite">{answer}</output></form>'
    )
