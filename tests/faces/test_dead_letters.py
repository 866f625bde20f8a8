"""A poison job, from its burial to its replay, with real processes: its project waits for a person, others do not."""

import json
from pathlib import Path

import pytest

from podium.faces.cli.run import WAITING_FOR_HUMAN
from tests.crash.verdicts import orphans
from tests.faces.command_line import ROOT, CommandLine

DOCUMENT = "# {}\n\n## Features\n\n- Count words: say how many words a text has\n- Greet guests: say hello to each\n"
AGENT = """
import json, os, signal
from pathlib import Path
told = json.load(open(os.environ["PODIUM_ASSIGNMENT"]))
if told["step"] == "implement" and told["item"]["key"].startswith("002") and not Path({mended!r}).exists():
    os.kill(os.getpid(), signal.SIGKILL)
os.execv({python!r}, [{python!r}, "-I", "-m", "podium.agents.rehearsal"])
"""


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path / "home")
    made("init")
    python = str(ROOT / ".venv" / "bin" / "python")
    agent = tmp_path / "frail.py"
    agent.write_text(AGENT.format(mended=str(tmp_path / "mended"), python=python))
    with (made.home / "podium.toml").open("a") as file:
        file.write(
            f"[agents.frail]\ncommand = {json.dumps([python, str(agent)])}\n[limits]\nstuck_dead_seconds = 0.01\n"
            f"[sandbox]\nread = {json.dumps([str(tmp_path / 'mended')])}\n"
        )
    return made


@pytest.mark.requirement("QUE-7", "REC-7", "QUE-6")
def test_a_poison_job_waits_for_a_person_and_is_replayed(podium: CommandLine) -> None:
    document = podium.document("frail.md", DOCUMENT.format("Frail"))
    done = podium("run", document, "--agent", "frail", "--json")
    assert done.returncode == WAITING_FOR_HUMAN, done.stderr
    (told,) = json.loads(done.stdout)["dead_letters"]
    assert (told["step"], told["item"][:3]) == ("implement", "002")
    assert f"job {told['job']} (implement): 3 attempts failed" in done.stderr
    assert "podium dead-letters replay|drop JOB" in done.stderr

    (letter,) = podium.ask("dead-letters")["letters"]
    assert [a["ending"] for a in letter["attempts"]] == ["crashed"] * 3
    assert all(Path(a["log"]).exists() for a in letter["attempts"])
    by_item = {(j["step"], j["item"][:3]): j["state"] for j in podium.ask("jobs", "frail")["jobs"]}
    assert by_item["merge", "001"] == "passed", "the other chain went on"
    assert by_item["review", "002"] == by_item["performance", ""] == "waiting"
    system = podium.ask("status")["system"]
    assert (system["dead_letters"], system["stuck"]) == (1, 2)
    shown = podium("dead-letters").stdout
    assert f"podium logs frail/{letter['job']}.a3" in shown
    assert f"podium dead-letters replay {letter['job']} --reason WHY" in shown
    assert [row["kind"] for row in podium.ask("stuck")["stuck"]] == ["dead", "behind-dead"]
    assert "behind a dead letter" in podium("stuck").stdout

    (podium.home.parent / "mended").touch()
    podium("up")
    try:
        assert podium("dead-letters", "replay-all", "frail").stdout.startswith(
            "frail has 1 dead letter; nothing was done"
        )
        assert podium.ask("dead-letters", "replay", str(letter["job"]), "--reason", "agent mended")["jobs"] == 1
        podium.until("answer['state'] == 'complete'", "project", "frail")
    finally:
        podium("down")
    assert podium("run", document, "--agent", "frail", "--json").returncode == 0
    types = [event["type"] for event in podium.ask("events", "--limit", "1000")["events"]]
    assert (types.count("job.buried"), types.count("job.replayed"), types.count("operator.replay")) == (1, 1, 1)
    assert orphans(podium.home) == []
