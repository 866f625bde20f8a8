"""The texts a feature consists of: its issue, test and module. Each says plainly that it is a rehearsal."""

import textwrap
from collections.abc import Sequence

from podium.agents.rehearsal import naming, prose, texts
from podium.agents.rehearsal.behaviours import Behaviour
from podium.agents.rehearsal.plan import Feature

FEEDBACK_CHARS_MAX = 240
FEEDBACK_ROUNDS_MAX = 5


_FAULT = "    # TODO: say what happens when the text is empty, then take this line out.\n"


def issue_text(feature: Feature) -> str:
    """Return the issue as Markdown, with a header that tools can read."""
    return texts.filled(
        "issue.md",
        key=feature.key,
        title_literal=prose.quoted(feature.title),
        title=prose.markdown(feature.title),
        depends_on=", ".join(prose.quoted(key) for key in feature.depends_on),
        detail=prose.markdown(feature.detail) or "The title says it all.",
        criteria="\n".join(f"- [ ] {prose.markdown(criterion)}" for criterion in feature.acceptance),
    )


def test_text(package: str, feature: Feature, behaviour: Behaviour) -> str:
    """Return a test module that fails until the feature exists and behaves."""
    return texts.filled(
        "feature_test.py",
        key=feature.key,
        key_literal=prose.quoted(feature.key),
        title=prose.docstring_lines(feature.title),
        package=package,
        module=naming.feature_module(feature.key),
        class_name=naming.class_name(feature.key),
        examples="\n".join(
            f"    ({prose.quoted(given)}, {prose.quoted(expected)})," for given, expected in behaviour.examples
        ),
        acceptance=_tuple_lines(feature.acceptance),
    )


def module_text(feature: Feature, behaviour: Behaviour, feedback: Sequence[str], with_fault: bool) -> str:
    """Return the module that implements the feature; feedback it answers is told in its docstring."""
    source = behaviour.source()
    if with_fault:
        head, docstring_end, body = source.partition('."""\n')
        source = head + docstring_end + _FAULT + body
    return texts.filled(
        "feature.py",
        summary=prose.docstring_lines(feature.title if feature.title[-1] in ".!?…" else f"{feature.title}."),
        detail=prose.docstring_lines(feature.detail or "The issue says no more than its title."),
        revisions=_revisions(feedback),
        key_literal=prose.quoted(feature.key),
        title_literal=prose.quoted(feature.title),
        behaviour=behaviour.name,
        example=prose.quoted(behaviour.examples[0][0]),
        acceptance=_tuple_lines(feature.acceptance),
        source=source,
    )


def feedback_lines(feedback: Sequence[str]) -> list[str]:
    """Return the newest rounds of feedback, one clean line each."""
    lines = (prose.one_line(said, FEEDBACK_CHARS_MAX) for said in feedback[-FEEDBACK_ROUNDS_MAX:])
    return [line for line in lines if line]


def _revisions(feedback: Sequence[str]) -> str:
    lines = feedback_lines(feedback)
    if not lines:
        return ""
    wrapped = (textwrap.indent(prose.docstring_lines(line), "  ").lstrip() for line in lines)
    return "\nRevised after feedback:\n\n" + "".join(f"- {line}\n" for line in wrapped)


def _tuple_lines(values: Sequence[str]) -> str:
    return "\n".join(f"    {prose.quoted(value)}," for value in values)
