"""The editor mends what is wrong, tells it, and leaves the rest alone."""

import io
from pathlib import Path

import pytest

from podium.agents.rehearsal.editing import edit
from podium.agents.rehearsal.protocol import Messages
from podium.agents.rehearsal.stage import Clone, Stage, Troubles


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/guide.md").write_text("# Guide\n", encoding="utf-8")
    return Stage(Clone(tmp_path, {}), Messages(io.StringIO()), Troubles())


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("docs/a.md", "# A\n\n[b](gone.md) [g](guide.md#x) [w](https://example.com)\n", 1),
        ("docs/a.md", "# A\n\n#### B\n\n# C\n", 2),
        ("docs/a.md", "# A\n\n```\n#### B\n[x](gone.md)\n```\n", 0),
        ("content/social.md", "# A\n\n## Post 1\n\n" + "word " * 60 + "\n", 1),
        ("content/social.md", "# A\n\n## Post 1\n\n" + "\\*" * 200 + "\n", 0),
        ("content/landing.md", "# A\n\n" + "word " * 500 + "\n", 1),
    ],
)
def test_findings_are_counted(stage: Stage, path: str, text: str, expected: int) -> None:
    edited, findings = edit(path, text, stage)
    assert len(findings) == expected
    mended = [finding for finding in findings if "a person should" not in finding]
    assert (edited == text.rstrip() + "\n") is not bool(mended)


def test_edited_text_needs_no_second_edit(stage: Stage) -> None:
    once, _ = edit("docs/a.md", "## A\n\n#### B [x](gone.md)\n\n\n", stage)
    assert once == "# A\n\n## B x\n"
    assert edit("docs/a.md", once, stage) == (once, [])
