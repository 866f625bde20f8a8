"""Tells what of a home's state is not as it must be: each check is a statement that finds the rows that disagree."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import apsw

from podium.backup.snapshot import snapshot
from podium.domain import pipeline_file
from podium.refusals import refusal
from podium.store.rows import Rows
from podium.store.sqlite import scripts
from podium.tables import beside

CHECKS: Final[Mapping[str, str]] = beside(__file__)["checks"]
"""What must hold, by the name of its statement."""
OF_STEPS: Final = frozenset({"counters", "chains"})
"""What can only be checked by who knows the steps of pipelines."""
FOUND_MAX: Final = 20
"""What one check tells of at most."""


def check(home: Path) -> dict[str, Any]:
    """Look through the state of a home as of one commit. Raises NotFound, Unavailable, UnsafeStore."""
    with snapshot(home) as rows:
        (schema,) = rows.one("schema_version")
        known = len(scripts())
        unlike = [] if schema == known else [refusal("another schema", at=schema, known=known)]
        checks = [{"name": "schema", "what": "The tables are of this version.", "found": unlike}]
        for name, what in () if unlike else CHECKS.items():
            checks.append({"name": name, "what": what, "found": _found(rows, name)})
    return {"schema": schema, "checks": checks, "ok": not any(each["found"] for each in checks)}


def _found(rows: Rows, name: str) -> list[str]:
    try:
        more = (_steps(rows),) if name in OF_STEPS else ()
        return [words for (words,) in rows.all(f"check_{name}", (FOUND_MAX, *more))]
    except apsw.Error as error:  # damaged, or without a table or an index
        return [f"this cannot be looked at: {error}"]


def _steps(rows: Rows) -> str:
    """Every step of each pipeline that projects have: the places in `counts` of the states it waits and works in."""
    steps: list[dict[str, Any]] = []
    for (text,) in rows.all("pipelines"):
        pipeline = pipeline_file.parse(text, "stored pipeline")
        for name, workflow in pipeline.workflows.items():
            common = {"pipeline": pipeline.digest, "workflow": name}
            common |= {"first": workflow.states[0], "last": workflow.states[-1]}
            places = workflow.places.items()
            steps += [{**common, "step": step, "waits": waits, "works": works} for step, (waits, works) in places]
    return json.dumps(steps)
