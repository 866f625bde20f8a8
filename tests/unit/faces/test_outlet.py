import pytest
from click.testing import CliRunner

from podium.address import HOME_BYTES_MAX, home_path
from podium.domain.errors import UsageError
from podium.faces.cli import outlet
from podium.faces.cli.markup import Page


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
