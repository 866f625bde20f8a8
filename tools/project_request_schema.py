"""Draws the JSON Schema of a typed project request from its model."""

import json
from pathlib import Path

from podium.operations.request import ProjectRequest

FILE = Path(__file__).resolve().parents[1] / "docs" / "project-request.schema.json"


def files() -> dict[Path, str]:
    """The schema's text."""
    schema = ProjectRequest.model_json_schema()
    for field in schema["properties"].values():
        field.pop("flags", None)  # only the command line reads it
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return {FILE: json.dumps(whole, indent=2, ensure_ascii=False) + "\n"}
