"""Draws the JSON Schema of a typed project request from its model; `--check` fails when it is stale."""

import argparse
import json
import sys
from pathlib import Path

from podium.operations.request import ProjectRequest

FILE = Path(__file__).resolve().parents[1] / "docs" / "project-request.schema.json"


def draw() -> str:
    """The schema's text."""
    schema = ProjectRequest.model_json_schema()
    for field in schema["properties"].values():
        field.pop("flags", None)  # only the command line reads it
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check the schema."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the schema is fresh")
    if parser.parse_args().check:
        return int(FILE.read_text("utf-8") != draw())
    FILE.write_text(draw(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
