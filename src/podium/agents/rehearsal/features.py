"""A feature, from its place in the plan to the texts it consists of: issue, test and module, each plainly a rehearsal.

Its words choose its behaviour, one of a small stock of things that a feature can really do (`behaviours.toml`).
"""

import textwrap
import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.protocol import Assignment, StepFailed, read

TITLE_CHARS_MAX = 120
DETAIL_CHARS_MAX = 2_000
CRITERION_CHARS_MAX = 240
CRITERIA_MAX = 20
FEEDBACK_CHARS_MAX = 240
FEEDBACK_ROUNDS_MAX = 5

_ENDING_CHARS_MAX = 3
_TITLE_WEIGHT = 4
_FAULT = "    # TODO: say what happens when the text is empty, then take this line out.\n"


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing the application shall do."""

    key: str
    title: str
    detail: str
    depends_on: tuple[str, ...]
    acceptance: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be built; `package` is the Python package that holds it."""

    title: str
    summary: str
    type: str
    complexity: str
    package: str
    features: tuple[Feature, ...]


def cleaned(feature: Feature) -> Feature:
    """Cut what anyone wrote to the limits; a feature always has a criterion to meet."""
    title = prose.one_line(feature.title, TITLE_CHARS_MAX) or feature.key
    written = (prose.one_line(criterion, CRITERION_CHARS_MAX) for criterion in feature.acceptance[:CRITERIA_MAX])
    usual = f"“{title}” can be run by name and gives the results its tests ask for."
    detail = prose.one_line(feature.detail, DETAIL_CHARS_MAX)
    return replace(feature, title=title, detail=detail, acceptance=tuple(filter(None, written)) or (usual,))


def feature_of(assignment: Assignment) -> Feature:
    """Return the feature that this assignment's item stands for."""
    item = assignment.item
    if item is None:
        raise StepFailed(f"The step `{assignment.step}` works on one issue; the assignment has no item.")
    return cleaned(read(Feature, {**item.data, "key": item.key, "title": item.title}))


def plan_of(assignment: Assignment) -> Plan:
    """Return the plan that analysis made."""
    artifact = assignment.artifact("plan")
    if artifact is None:
        raise StepFailed(f"The step `{assignment.step}` needs an artifact of kind `plan`; run `analyze` first.")
    plan = read(Plan, artifact.data)
    title = prose.one_line(plan.title or artifact.title, TITLE_CHARS_MAX) or "Project"
    made = [cleaned(replace(each, key=_safe_key(number, each))) for number, each in enumerate(plan.features, start=1)]
    # The package becomes a path and a key a file name, so only a plain identifier or slug is taken at its word.
    is_plain = plan.package.isidentifier() and plan.package.isascii()
    package = plan.package if is_plain else prose.package_name(title)
    summary = prose.one_line(plan.summary, DETAIL_CHARS_MAX)
    return replace(plan, title=title, summary=summary, package=package, features=tuple(made))


def _safe_key(number: int, feature: Feature) -> str:
    is_slug = feature.key and feature.key == prose.slug(feature.key, prose.KEY_CHARS_MAX)
    return feature.key if is_slug else prose.feature_key(number, feature.title, number)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A function's source, under the name `run`, with the word stems that call for it and examples of its answers.

    The built page keeps a twin in JavaScript under the same name.
    """

    name: str
    stems: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]
    source: str


def tables(name: str) -> dict[str, dict[str, Any]]:
    """Return the tables of a TOML file beside this module."""
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))


KINDS = tables("kinds.toml")
BEHAVIOURS = tuple(
    Behaviour(name, tuple(row["stems"]), tuple(map(tuple, row["examples"])), row["source"])
    for name, row in tables("behaviours.toml").items()
)


def behaviour_for(title: str, detail: str) -> Behaviour:
    """Choose by the words of the title, then of the detail; without any hint, by a checksum of the title."""
    title_words, detail_words = prose.words(title), prose.words(detail)
    scores = [_TITLE_WEIGHT * _hits(title_words, each.stems) + _hits(detail_words, each.stems) for each in BEHAVIOURS]
    return BEHAVIOURS[scores.index(max(scores)) if any(scores) else zlib.crc32(title.encode()) % len(BEHAVIOURS)]


def _hits(words: list[str], stems: tuple[str, ...]) -> int:
    # A stem with a short ending ("sort", "sorted") is a hit; one that merely begins another word is not.
    return sum(
        any(word.startswith(stem) and len(word) - len(stem) <= _ENDING_CHARS_MAX for stem in stems) for word in words
    )


def issue_text(feature: Feature) -> str:
    """Return the issue as Markdown, with a header that tools can read."""
    return prose.filled(
        "issue.md",
        key=feature.key,
        title_literal=prose.quoted(feature.title),
        title=prose.markdown(feature.title),
        depends_on=", ".join(prose.quoted(key) for key in feature.depends_on),
        detail=prose.markdown(feature.detail) or "The title says it all.",
        criteria="\n".join(f"- [ ] {prose.markdown(criterion)}" for criterion in feature.acceptance),
    )


def test_text(package: str, feature: Feature) -> str:
    """Return a test module that fails until the feature exists and behaves."""
    examples = behaviour_for(feature.title, feature.detail).examples
    return prose.filled(
        "feature_test.py",
        key=feature.key,
        key_literal=prose.quoted(feature.key),
        title=prose.docstring_lines(feature.title),
        package=package,
        module=prose.feature_module(feature.key),
        examples="\n".join(f"    ({prose.quoted(given)}, {prose.quoted(expected)})," for given, expected in examples),
        acceptance=_tuple_lines(feature.acceptance),
    )


def module_text(feature: Feature, feedback: Sequence[str], with_fault: bool) -> str:
    """Return the module that implements the feature; feedback it answers is told in its docstring."""
    behaviour = behaviour_for(feature.title, feature.detail)
    head, docstring_end, body = behaviour.source.partition('."""\n')
    return prose.filled(
        "feature.py",
        summary=prose.docstring_lines(feature.title if feature.title[-1] in ".!?…" else f"{feature.title}."),
        detail=prose.docstring_lines(feature.detail or "The issue says no more than its title."),
        revisions=_revisions(feedback),
        key_literal=prose.quoted(feature.key),
        title_literal=prose.quoted(feature.title),
        behaviour=behaviour.name,
        example=prose.quoted(behaviour.examples[0][0]),
        acceptance=_tuple_lines(feature.acceptance),
        source=head + docstring_end + (_FAULT if with_fault else "") + body,
    )


def feedback_lines(feedback: Sequence[str]) -> list[str]:
    """Return the newest rounds of feedback, one clean line each."""
    return list(filter(None, (prose.one_line(said, FEEDBACK_CHARS_MAX) for said in feedback[-FEEDBACK_ROUNDS_MAX:])))


def _revisions(feedback: Sequence[str]) -> str:
    wrapped = (textwrap.indent(prose.docstring_lines(line), "  ").lstrip() for line in feedback_lines(feedback))
    lines = "".join(f"- {line}\n" for line in wrapped)
    return f"\nRevised after feedback:\n\n{lines}" if lines else ""


def _tuple_lines(values: Sequence[str]) -> str:
    return "\n".join(f"    {prose.quoted(value)}," for value in values)
