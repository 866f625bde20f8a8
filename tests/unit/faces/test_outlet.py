import pytest
from click.testing import CliRunner

from podium.address import HOME_BYTES_MAX, home_path
from podium.domain.errors import UsageError
from podium.faces.cli import outlet
from podium.faces.cli.advice import choices
from podium.faces.cli.details import pull
from podium.faces.cli.page import Page


def review(kind: str, item: str) -> dict[str, object]:
    return {"id": 3, "kind": kind, "item": item}


@pytest.mark.parametrize(
    ("kind", "item", "first", "rejection"),
    [
        ("exhausted", "001-greet", "approve", "go on without it"),
        ("quality", "", "approve", "ends the project"),
        ("blocked", "", "reject", "ends the project; then submit a corrected document"),
        ("blocked", "001-greet", "send-back", "go on without it"),
        ("plan", "", "approve", "do not build it: ends the project"),
    ],
)
def test_advice_says_what_comes_of_each_decision(kind: str, item: str, first: str, rejection: str) -> None:
    found = choices(review(kind, item))
    assert found[0][0].startswith(f"podium review {first} 3")
    assert dict(found)["podium review reject 3"] == rejection
    assert any("approve" in typed for typed, _ in found) == (kind != "blocked")


def test_a_path_can_be_copied_as_it_is() -> None:
    assert pull("/my  home/it's/repository") == """git pull '/my  home/it'"'"'s/repository' main"""


def test_a_closed_pipe_is_the_callers_affair() -> None:
    with pytest.raises(BrokenPipeError):
        Page().on_broken_pipe()


def test_json_is_escaped_where_letters_cannot_be_written() -> None:
    runner = CliRunner(charset="ascii")
    with runner.isolation() as (out, _, _):
        outlet.print_json({"title": "Größe"}, indent=None)
    assert out.getvalue() == b'{"title": "Gr\\u00f6\\u00dfe"}\n'


def test_a_home_that_cannot_be_named_is_refused() -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        home_path("/home-\udcff")
    with pytest.raises(UsageError, match="too long"):
        home_path("/" + "a/" * HOME_BYTES_MAX)
