"""Draws the JSON Schemas of the shared-state tree from its types; `--check` fails when one is stale."""

import argparse
import json
import sys
from pathlib import Path

from podium.integrations.shared_state.documents import PUBLISHED

FOLDER = Path(__file__).resolve().parents[1] / "src" / "podium" / "integrations" / "shared_state" / "schemas"


def draw() -> dict[Path, str]:
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


def main() -> int:
    """Write or check the schemas."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the schemas are fresh")
    drawn = draw()
    if parser.parse_args().check:
        return int({path: path.read_text("utf-8") for path in FOLDER.glob("*.json")} != drawn)
    FOLDER.mkdir(exist_ok=True)
    for path, text in drawn.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
