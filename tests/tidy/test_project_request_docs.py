"""What is published about project requests is true: the schema is the model's, and the documented example holds."""

from podium.operations import request_file
from podium.operations.request import ProjectRequest
from tests.tidy.source import ROOT
from tools.project_request_schema import FILE, draw

PAGE = (ROOT / "docs" / "project-request.md").read_text("utf-8")


def test_the_published_schema_is_that_of_the_model() -> None:
    assert FILE.read_text("utf-8") == draw(), "run .venv/bin/python tools/project_request_schema.py"


def test_every_field_is_documented() -> None:
    missing = [name for name in ProjectRequest.model_fields if f"`{name}`" not in PAGE]
    assert not missing


def test_the_example_is_a_request() -> None:
    path = ROOT / "examples" / "guest-book.toml"
    assert len(request_file.read(path.read_text("utf-8"), path.name)["features"]) == 5
