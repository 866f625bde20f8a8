"""One whole run of the hello-world example, which many tests look at and none changes."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.agents.rehearsal.playhouse import SOURCE, Json, Played, Playhouse

EXAMPLES = SOURCE.parent / "examples"


@dataclass(frozen=True)
class WholeRun:
    """A project that went through every step, and the three attempts at each of its issues."""

    playhouse: Playhouse
    issues: list[Json]
    chains: list[list[Played]]

    @property
    def main(self) -> Path:
        return self.playhouse.main


@pytest.fixture(scope="session")
def hello_world(tmp_path_factory: pytest.TempPathFactory) -> WholeRun:
    text = (EXAMPLES / "hello-world.md").read_text(encoding="utf-8")
    playhouse = Playhouse(tmp_path_factory.mktemp("hello-world"), text)
    issues = playhouse.genesis()
    chains = playhouse.develop_all(issues)
    playhouse.deliver()
    return WholeRun(playhouse, issues, chains)
