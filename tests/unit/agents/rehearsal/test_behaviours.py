"""Every behaviour does what its examples say, stands alone, and has its twin on the page."""

import ast
import re
from pathlib import Path

import pytest

from podium.agents.rehearsal import features, prose
from podium.agents.rehearsal.features import BEHAVIOURS, Behaviour, behaviour_for

PAGE = Path(features.__file__).with_name("templates") / "page.html.jinja"


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
def test_examples_hold_for_the_copied_source(behaviour: Behaviour) -> None:
    namespace: dict[str, object] = {}
    exec(behaviour.source, namespace)  # noqa: S102  # the copy must work where the original's module is not
    run = namespace["run"]
    assert callable(run)
    assert [[given, run(given)] for given, _ in behaviour.examples] == behaviour.examples


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
def test_no_constant_would_pass(behaviour: Behaviour) -> None:
    given, expected = behaviour.examples[0]
    assert expected not in {"", given}
    (function,) = ast.parse(behaviour.source).body
    assert ast.get_docstring(function) if isinstance(function, ast.FunctionDef) else False


def test_every_behaviour_has_a_twin_on_the_page() -> None:
    script = PAGE.read_text(encoding="utf-8").partition("const behaviours = {")[2].partition("\n};")[0]
    assert set(re.findall(r"^  (\w+): \(text\)", script, re.MULTILINE)) == {each.name for each in BEHAVIOURS}


@pytest.mark.parametrize(
    ("title", "detail", "expected"),
    [
        ("Greet by name", "", "greet"),
        ("Import from CSV", "the way back", "from_csv"),
        ("Export to CSV", "", "to_csv"),
        ("Sorted output", "", "sort_lines"),
        ("Something", "so that people can search", "search"),
    ],
)
def test_words_choose_the_behaviour(title: str, detail: str, expected: str) -> None:
    assert behaviour_for(title, detail).name == expected


def test_a_title_without_hints_still_gets_one_and_always_the_same() -> None:
    assert behaviour_for("挨拶する", "") is behaviour_for("挨拶する", "")


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("a  b\n c", 10, "a b c"),
        ("several words here", 12, "several…"),
        ("長い長い長い題名", 5, "長い長い…"),
        ("a\u202eb\x07", 10, "ab"),
        ("", 5, ""),
    ],
)
def test_one_line_is_clean_and_short(text: str, limit: int, expected: str) -> None:
    line = prose.one_line(text, limit)
    assert line == expected
    assert len(line) <= limit


@pytest.mark.parametrize("text", ['a "b" \\ c', "tab\tnewline\n", "\x7f\x85\u2028", "日本 🎉", '"""'])
def test_quoted_text_reads_back(text: str) -> None:
    assert ast.literal_eval(prose.quoted(text)) == text


@pytest.mark.parametrize("text", ['ends with a quote"', "ends with \\", '""" inside', "many words " * 30])
def test_a_docstring_cannot_be_ended_by_its_text(text: str) -> None:
    parsed = ast.get_docstring(ast.parse(f'"""{prose.docstring_lines(text)}"""'))
    assert parsed is not None
    assert parsed.split() == text.split()


def test_a_fence_is_longer_than_any_inside() -> None:
    assert prose.fenced("a\n````\nb", "text").startswith("`````text\n")
