"""What is published about the tree is true: the schemas are those of the types, and the documented examples run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from podium.integrations.shared_state.documents import ENTRIES_MAX, TEXT_CHARS_MAX, fitting
from podium.integrations.shared_state.mirror import PATROL_PROJECTS
from tests.tidy.source import ROOT
from tests.unit.integrations.stage import POOL_FILES, Stage, project_files
from tools.shared_state_schemas import FOLDER, PUBLISHED, files

PAGE = (ROOT / "docs" / "shared-state.md").read_text("utf-8")
WAIT_SECONDS = 20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two projects, one of them in work."""
    stage = Stage(tmp_path / "shared-state")

    async def story() -> None:
        for project in ("alpha", "beta"):
            await stage.submit(project)
        await stage.lease("genesis-01")
        await stage.mirror.run_once()

    stage.play(story())
    return tmp_path


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def output(home: Path, *command: str) -> list[str]:
    done = subprocess.run(command, cwd=home, check=True, capture_output=True, text=True, timeout=WAIT_SECONDS)
    return done.stdout.splitlines()


@pytest.mark.requirement("STA-1")
def test_there_is_a_schema_for_every_published_type() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(
        document.model_fields["kind"].default for document in PUBLISHED
    )


@pytest.mark.requirement("STA-1")
def test_a_schema_bounds_every_list_and_allows_what_a_later_version_adds() -> None:
    for text in files().values():
        schema: dict[str, Any] = json.loads(text)
        for part in (schema, *schema["$defs"].values()):
            assert "additionalProperties" not in part
            assert set(part["required"]) == set(part["properties"])
            lists = [one for one in part["properties"].values() if one.get("type") == "array"]
            assert all(one["maxItems"] == ENTRIES_MAX for one in lists)


def test_long_words_are_cut() -> None:
    cut = fitting("x" * (TEXT_CHARS_MAX + 1))
    assert (len(cut), cut[-2:]) == (TEXT_CHARS_MAX, "x…")
    assert fitting("x" * TEXT_CHARS_MAX) == "x" * TEXT_CHARS_MAX


@pytest.mark.requirement("STA-1")
def test_the_python_example_runs(home: Path) -> None:
    (example,) = examples("python")
    assert output(home, sys.executable, "-c", example) == [
        "alpha: open (genesis ANALYZING)",
        "beta: open (genesis QUEUED)",
    ]


@pytest.mark.requirement("STA-1")
@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed here")
def test_the_jq_examples_run(home: Path) -> None:
    (example,) = examples("sh")
    assert output(home, "sh", "-e", "-c", example) == [
        "content: 0 ready, 0 running",
        "development: 0 ready, 0 running",
        "genesis: 1 ready, 1 running",
        "genesis-01: alpha analyze ",
    ]


def test_the_page_tells_the_real_tree_and_limits() -> None:
    told = set(re.findall(r"[a-z-]+\.json(?=`)", PAGE))
    files = {Path(name).name for name in POOL_FILES | project_files("alpha")}
    assert told == files
    assert f"{ENTRIES_MAX:,} entries" in PAGE
    assert f"{PATROL_PROJECTS} projects every five seconds" in PAGE
    for document in PUBLISHED:
        assert f"schemas/{document.model_fields['kind'].default}.json" in PAGE
