"""A typed request is checked with words that name the field and line, and becomes a document that loses nothing."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from podium.agents.rehearsal.features import Plan
from podium.agents.rehearsal.planning import make_plan
from podium.agents.rehearsal.protocol import Told
from podium.domain.errors import InvalidRequest
from podium.operations import request_file
from podium.operations.operation import explain
from podium.operations.request import Feature, ProjectRequest, document_of

pytestmark = pytest.mark.requirement("INT-1")

TOML = """\
title = "Guest book"
priority = 60

[[features]]
title = "Greet"

[[features]]
title = "Count"
depends_on = [1]
"""


def planned(request: ProjectRequest) -> Plan:
    """What an analysis reads from the document."""
    text = document_of(request)
    project = Told(title=request.title, brief=request.brief, type=request.type, complexity=request.complexity)
    return make_plan(text, project, 1, None)


def refused(text: str, name: str = "r.toml") -> str:
    with pytest.raises(InvalidRequest) as error:
        request_file.read(text, name)
    return str(error.value)


def test_a_request_becomes_a_document_with_everything_in_it() -> None:
    request = ProjectRequest.model_validate(
        {
            "title": "Guest *book*",
            "brief": "For guests.\n\n```\nnever closed",
            "type": "web",
            "complexity": "small",
            "features": [
                "Say goodbye: kindly",
                {"title": "Greet", "detail": "By name.\n\nAlways.", "acceptance": ["A name", "No name"]},
                {"title": "Count <b>", "depends_on": ["Greet", 1, "Greet"]},
            ],
        }
    )
    plan = planned(request)
    assert (plan.title, plan.type, plan.complexity) == ("Guest *book*", "web", "small")
    assert plan.summary == "For guests. ``` never closed"
    goodbye, greet, count = plan.features
    assert (goodbye.title, goodbye.detail) == ("Say goodbye", "Kindly")
    assert (greet.title, greet.detail, greet.acceptance) == ("Greet", "By name. Always.", ("A name", "No name"))
    assert (count.title, count.depends_on) == ("Count <b>", (greet.key, goodbye.key))


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=6), st.text(max_size=80))
def test_no_title_and_no_brief_can_swallow_a_feature(titles: list[str], brief: str) -> None:
    features = [{"title": title} for title in titles if title.strip() and "\0" not in title]
    request = ProjectRequest.model_validate({"title": "T", "brief": brief.replace("\0", ""), "features": features})
    made = planned(request).features if features else ()
    assert len(made) == len(features)
    assert len({feature.key for feature in made}) == len(features)


def test_a_brief_alone_stands_as_it_is() -> None:
    assert document_of(ProjectRequest(title="T", brief="- one\n- two")) == "# T\n\n- one\n- two\n"


def test_a_file_gives_only_what_stands_in_it() -> None:
    found = request_file.read(TOML, "r.toml")
    assert found["priority"] == 60
    assert "business_value" not in found
    assert found["features"][1] == {"title": "Count", "depends_on": [1]}
    assert request_file.read(json.dumps(found), "R.JSON") == found


def test_toml_may_use_its_own_times() -> None:
    found = request_file.read("not_before = 2026-03-01T08:00:00Z\n" + TOML, "r.toml")
    assert found["not_before"] == "2026-03-01T08:00:00+00:00"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("priority = 60", "priority = 101", "r.toml, line 2: priority: Input should be less than or equal to 100"),
        ("priority = 60", "colour = 1", "r.toml, line 2: colour: there is no such field"),
        ("[1]", "[3]", "r.toml, line 9: feature 2, depends_on: It depends on 3, but no feature has that number"),
        ("[1]", '["Gret"]', "r.toml, line 9: feature 2, depends_on: It depends on 'Gret', but no feature"),
        ('"Count"', '"Greet"', ""),
        ("[1]", "[2]", "r.toml, line 9: feature 2, depends_on: These features wait for each other"),
        ('"Guest book"', '"\u202e "', "r.toml, line 1: title: it shows nothing"),
        ('"Greet"', '""', "r.toml, line 5: feature 1, title: String should have at least 1 character"),
        ("[1]", "[1", "r.toml is not valid TOML"),
    ],
)
def test_a_wrong_file_is_told_by_line_and_field(before: str, after: str, said: str) -> None:
    text = TOML.replace(before, after)
    if said:
        assert said in refused(text)
    else:  # two of one title are two features, as long as nobody means one of them by it
        assert len(request_file.read(text, "r.toml")["features"]) == 2
        assert "a title that several have" in refused(text + '[[features]]\ntitle = "x"\ndepends_on = ["Greet"]\n')


JSON = """\
{
 "title": "T",
 "features": [
  "a, b: c",
  {"title": "x", "acceptance": [
   ""
  ]}
 ],
 "priority": 500
}"""


def test_json_lines_are_those_of_the_innermost_part() -> None:
    assert refused(JSON, "r.json").splitlines() == [
        "r.json, line 6: feature 2, acceptance: String should have at least 1 character",
        "r.json, line 9: priority: Input should be less than or equal to 100",
    ]
    assert "line 2 column 1" in refused('{"title":\n}', "r.json")
    assert "one object" in refused("[]", "r.json")


def test_a_circle_is_refused_by_numbers_and_titles_however_long_it_is() -> None:
    two = [{"title": "a", "depends_on": [2]}, {"title": "b", "depends_on": ["a"]}]
    assert "1 (a) -> 2 (b) -> 1 (a)" in complaint(two)
    many = [{"title": f"f{n}", "depends_on": [(n + 1) % 3_000 + 1]} for n in range(3_000)]
    told = complaint(many)
    assert "wait for each other" in told
    assert len(told) < 500


def test_five_thousand_features_are_taken_and_one_more_is_not() -> None:
    features = [f"Thing {n}" for n in range(5_000)]
    assert len(ProjectRequest.model_validate({"title": "T", "features": features}).features) == 5_000
    assert "5,001; 5,000 are the most for one project. Put small ones together" in complaint([*features, "more"])


def test_thousands_of_faults_are_a_few_lines() -> None:
    told = refused(json.dumps({"title": "T", "features": [1] * 4_000}), "r.json")
    assert len(told.splitlines()) == 6
    assert told.endswith("and 3,995 more.")


def test_what_a_title_happens_to_say_is_no_dependency() -> None:
    features = ("A", "Report depends on 1 source", Feature(title="It depends on 1", depends_on=(2,)))
    _, report, last = planned(ProjectRequest(title="T", features=features)).features
    assert report.depends_on == ()
    assert last.depends_on == (report.key,)


def complaint(features: Sequence[object]) -> str:
    with pytest.raises(ValidationError) as error:
        ProjectRequest.model_validate({"title": "T", "features": features})
    return explain(error.value)
