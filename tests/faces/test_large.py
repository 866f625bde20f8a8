"""The largest document there may be, and one beyond, with real agents on real clones."""

from pathlib import Path

import pytest

from podium.domain.issues import ITEMS_MAX
from tests.faces.command_line import CommandLine

GENESIS_SECONDS = 150.0


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def features(count: int) -> str:
    """A document of that many features, in letters that take six bytes each in JSON."""
    rows = (f"{n}. **Счёт {n}**: посчитать всё, что записано в книге номер {n}." for n in range(1, count + 1))
    return "# Large\n\n## Features\n\n" + "\n".join(rows) + "\n"


@pytest.mark.timeout(GENESIS_SECONDS + 120)
@pytest.mark.requirement("PIP-2")
def test_genesis_of_five_thousand_features_ends(podium: CommandLine) -> None:
    podium.ask("up")
    try:
        podium.ask("submit", podium.document("large.md", features(ITEMS_MAX)))
        done = "answer['workflows']['genesis']['state'] == 'GENESIS_COMPLETE'"
        project = podium.until(done, "project", "large", seconds=GENESIS_SECONDS)
        assert sum(project["workflows"]["development"]["chains"].values()) == ITEMS_MAX
        assert project["attempts"].keys() <= {"pass"}
        assert len(podium.ask("plan", "large")["features"]) == ITEMS_MAX
        assert len(list((podium.home / "projects/large/repository/docs/issues").iterdir())) == ITEMS_MAX
    finally:
        podium("down")


@pytest.mark.requirement("INT-1")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (features(ITEMS_MAX + 1), "There are 5,001 issues; 5,000 are the most for one project"),
        ("# T\n\n## Features\n\n- A (depends on 2)\n- B (depends on 1)\n", "These issues wait for each other"),
        ("# T\n\nA thought.\n", "names no features, so there is nothing to build"),
    ],
)
def test_a_document_that_cannot_be_planned_waits_with_what_to_do(podium: CommandLine, text: str, said: str) -> None:
    done = podium("run", podium.document("t.md", text))
    assert (done.returncode, said in done.stderr + done.stdout) == (8, True), done.stderr
    (review,) = podium.ask("review", "list")["reviews"]
    assert said in review["reason"]
