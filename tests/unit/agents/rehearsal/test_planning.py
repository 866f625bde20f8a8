"""What becomes of a document: titles, features, dependencies, type and size."""

import pytest

from podium.agents.rehearsal.features import Plan
from podium.agents.rehearsal.planning import make_plan
from podium.agents.rehearsal.protocol import StepFailed, Told

NOBODYS = Told()


def plan(text: str, project: Told = NOBODYS, first_number: int = 1, package: str | None = None) -> Plan:
    return make_plan(text, project, first_number, package)


def titles(text: str) -> list[str]:
    return [feature.title for feature in plan(text).features]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# T\n\n## Features\n\n- One\n- Two\n\n## Notes\n\n- Three\n", ["One", "Two"]),
        ("# T\n\n## User stories\n\n- As a cook, I want to weigh flour so that bread rises\n", ["Weigh flour"]),
        ("# T\n\n## Requirements\n\n### Buy\n\nText.\n\n### Sell\n", ["Buy", "Sell"]),
        ("# T\n\n## Features\n\n### Buy\n\n- Pay\n- Pack\n", ["Pay", "Pack"]),
        ("# T\n\n## Plans\n\n- One\n\n## Out of scope\n\n- Two\n", ["One"]),
        ("# T\n\n## Introduction\n\nText.\n\n## Weigh\n\n## Pour\n", ["Weigh", "Pour"]),
        ("# Requirements\n\n## Scope\n\n- [ ] One\n- [x] Two\n", ["One", "Two"]),
        ("# T\n\n## Features\n\n```\n- not one\n```\n\n> - nor this\n\n- **One**: detail\n", ["One"]),
        ("# T\n\n## Features\n\n- # One\n-\n- two: detail\n- Three – detail\n", ["One", "Two", "Three"]),
        ("Just a thought.\n", []),
        ("A guest book\nGreet visitors\n\n...\nCount them: all\n", ["Greet visitors", "Count them"]),
        ("# T\n\nA paragraph\nof two lines.\n", []),
    ],
)
def test_features_are_found(text: str, expected: list[str]) -> None:
    assert titles(text) == expected


@pytest.mark.parametrize(
    ("text", "project_title", "expected"),
    [
        ("intro\n\n# The Title\n\n- x\n", "Given", "The Title"),
        ("- x\n", "Given", "Given"),
        ("\nFirst line\nsecond\n\n- x\n", "", "First line"),
        ("---\ntitle: y\n---\n# Real\n\n- x\n", "", "Real"),
    ],
)
def test_the_title_comes_from_the_best_source(text: str, project_title: str, expected: str) -> None:
    assert plan(text, Told(title=project_title)).title == expected


def test_nested_items_are_criteria_and_paragraphs_are_detail() -> None:
    item = "- **Pay**: by card.\n\n  More words.\n\n  - A card\n    - Its number\n  - [ ] A receipt\n"
    (feature,) = plan(f"# T\n\n## Features\n\n{item}").features
    assert (feature.title, feature.detail) == ("Pay", "By card. More words.")
    assert feature.acceptance == ("A card", "Its number", "A receipt")


def test_a_feature_without_criteria_gets_one() -> None:
    (feature,) = plan("# T\n\n- Pay\n").features
    assert len(feature.acceptance) == 1
    assert "Pay" in feature.acceptance[0]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("Pay (depends on 1)", ("001-a",)),
        ("Pay, depends on #1 and #2", ("001-a", "002-b")),
        ("Pay after #2", ("002-b",)),
        ("Pay after 2 minutes", ()),
        ("Pay what depends on 2 things", ()),
        ("Pay what depends on 1 (depends on 2)", ("002-b",)),
        ("Pay (depends on 9)", ()),
        ("Pay (depends on 3)", ()),
    ],
)
def test_dependencies_are_read(item: str, expected: tuple[str, ...]) -> None:
    pay = plan(f"# T\n\n## Features\n\n1. A\n2. B\n3. {item}\n").features[2]
    assert pay.depends_on == expected
    assert pay.title.startswith("Pay")
    assert "(depends" not in pay.title


def test_a_circle_is_refused_by_name() -> None:
    with pytest.raises(StepFailed, match="001-a") as refused:
        plan("# T\n\n- A (depends on 2)\n- B (depends on 1)\n")
    assert "002-b" in str(refused.value)


def test_numbers_go_on_after_a_repositorys_own() -> None:
    planned = plan("# T\n\n- A\n- B (depends on 1)\n", first_number=42, package="theirs")
    assert [feature.key for feature in planned.features] == ["042-a", "043-b"]
    assert planned.features[1].depends_on == ("042-a",)
    assert planned.package == "theirs"


def test_five_thousand_features_are_planned_and_one_more_is_not() -> None:
    items = [f"- Thing {number}\n" for number in range(5_001)]
    keys = [feature.key for feature in plan("# T\n\n" + "".join(items[:-1])).features]
    assert (keys[0], keys[-1], len(set(keys))) == ("0001-thing-0", "5000-thing-4999", 5_000)
    with pytest.raises(StepFailed, match="5,001"):
        plan("# T\n\n" + "".join(items))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a page in the browser", "web"),
        ("an endpoint for clients", "api"),
        ("columns of a dataset", "data"),
        ("an importable module", "library"),
        ("a terminal command", "cli"),
        ("something", "cli"),
    ],
)
def test_the_type_follows_the_words(words: str, expected: str) -> None:
    assert plan(f"# T\n\nThis is {words}.\n\n- A\n").type == expected


@pytest.mark.parametrize(("count", "expected"), [(5, "small"), (6, "medium"), (15, "medium"), (16, "large")])
def test_the_complexity_follows_the_size(count: int, expected: str) -> None:
    assert plan("# T\n\n" + "- A\n" * count).complexity == expected


def test_what_podium_knows_is_kept() -> None:
    planned = plan("# A web page\n\n- A\n", Told(type="library", complexity="large"))
    assert (planned.type, planned.complexity) == ("library", "large")
