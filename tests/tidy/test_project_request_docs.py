"""What is published about project requests is true: every field is told, and the documented example holds."""

from podium.operations import request_file
from podium.operations.request import ProjectRequest
from tests.tidy.source import ROOT

PAGE = (ROOT / "docs" / "project-request.md").read_text("utf-8")


def test_every_field_is_documented() -> None:
    missing = [name for name in ProjectRequest.model_fields if f"`{name}`" not in PAGE]
    assert not missing


def test_the_example_is_a_request() -> None:
    path = ROOT / "examples" / "guest-book.toml"
    assert len(request_file.read(path.read_text("utf-8"), path.name)["features"]) == 5
