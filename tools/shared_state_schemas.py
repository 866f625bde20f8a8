"""Draws the JSON Schemas of the shared-state tree from its types."""

import json
from pathlib import Path

from podium.integrations.shared_state.documents import PUBLISHED

FOLDER = Path(__file__).resolve().parents[1] / "src" / "podium" / "integrations" / "shared_state" / "schemas"


def files() -> dict[Path, str]:
    """Every schema file and its text."""
    drawn: dict[Path, str] = {}
    for document in PUBLISHED:
        schema = document.model_json_schema(mode="serialization")
        for part in (schema, *schema["$defs"].values()):
            del part["additionalProperties"]  # a reader's copy of the schema must stand a later version's new field
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        kind = document.model_fields["kind"].default
        drawn[FOLDER / f"{kind}.json"] = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    return drawn
