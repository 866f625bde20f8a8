"""Gates and agents at their worst, from a pipeline file to what an operator sees: nothing passes that did not pass."""

import json
import sys
from pathlib import Path

import pytest

from podium.runner.shortage import used_bytes
from tests.crash.verdicts import orphans
from tests.faces.command_line import CommandLine

pytestmark = pytest.mark.requirement("PIP-8")

LIMIT_SECONDS = 1.0
FLOOD_BYTES = 200_000_000
HOME_BYTES_MAX = 64 << 20
GATES = {
    "missing": ["no-such-program"],
    "unexecutable": ["./work.txt"],
    "interpreter": ["./tool"],
    "broken": ["sh", "-c", "exit 2"],
    "killed": ["sh", "-c", "kill -KILL $$"],
    "killer": ["sh", "-c", "kill -KILL $PPID; exit 0"],
    "hung": ["sh", "-c", "trap '' TERM; while :; do sleep 1000; done"],
    "escaped": ["sh", "-c", "(setsid sh -c 'trap \"\" TERM; sleep 1000' &); sleep 1000"],
    "flooding": ["sh", "-c", f"head -c {FLOOD_BYTES} /dev/zero; exit 3"],
    "binary": ["sh", "-c", "head -c 100000 /dev/urandom; exit 1"],
}
"""What is wrong with each step's gate."""
FAILS = {"binary"}
"""Those that answer, and answer no: sent back once, then put before a reviewer."""
PIPELINE = """
name = "gated"
start = "work"

[workflows.work]
states = ["NEW", "WORKING", "DONE"]
roles = ["any"]
instances = {{ {instances} }}
"""
STEP = """
[[workflows.work.steps]]
id = "{name}"
state = "WORKING"
waiting = "NEW"
role = "any"
attempts_max = 1
reworks_max = 1
gates = [{gate}]
"""
SAYS = """echo '{"type": "result", "verdict": "passed", "summary": "Done"}'"""
AGENT = f"""\
echo work >>work.txt
printf '#!/nowhere/sh\\nexit 0\\n' >tool; chmod +x tool
(setsid sh -c 'trap "" TERM; exec sleep 1000' >/dev/null 2>&1 &)
{SAYS}
"""


def home_with(podium: CommandLine, steps: dict[str, str], script: str) -> None:
    """A home whose agent is this script, with a pipeline of one step, and one instance, for each gate."""
    podium.home.mkdir()
    instances = ", ".join(f'work-{number:02d} = "any"' for number in range(1, len(steps) + 1))
    text = PIPELINE.format(instances=instances)
    text += "".join(STEP.format(name=name, gate=gate) for name, gate in steps.items())
    (podium.home / "pipeline.toml").write_text(text)
    command = json.dumps(["/bin/sh", "-c", script])
    (podium.home / "podium.toml").write_text(
        # In a sandbox no gate could kill its runner.
        f'agent = "mine"\npipeline = "pipeline.toml"\n[sandbox]\nmode = "off"\n[agents.mine]\ncommand = {command}\n'
    )


def gate_of(words: list[str]) -> str:
    command = json.dumps(words)
    return f'{{ kind = "command", name = "check", command = {command}, timeout_seconds = {LIMIT_SECONDS} }}'


def test_a_gate_that_did_not_say_yes_has_not_passed(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    steps = {name: gate_of(words) for name, words in GATES.items()}
    home_with(podium, steps | {"right": gate_of([sys.executable, "-c", "print('yes')"])}, AGENT)
    done = podium("run", podium.document("work.md", "# Work\n\nDo it.\n"), "--json")
    assert done.returncode == 8, done.stderr
    assert not [line for line in done.stderr.splitlines() if "Traceback" in line]
    jobs = {job["step"]: job for job in podium.ask("jobs", "work")["jobs"]}
    assert jobs["right"]["state"] == "passed"
    reviews = {review["job"]: review for review in podium.ask("review", "list")["reviews"]}
    for name in GATES:
        why = podium.ask("why", str(jobs[name]["id"]))
        waits = "dead" if name == "killer" else "in_review"  # it takes its runner along each time: poison
        assert (name, why["state"]) == (name, waits)
        last = why["attempts"][-1]
        assert last["verdict"] == ("bury" if waits == "dead" else "escalate")
        if waits == "in_review":
            assert reviews[why["job"]]["kind"] == ("quality" if name in FAILS else "exhausted"), why
        expected = "lost" if name == "killer" else "gate failed" if name in FAILS else "could-not-run"
        assert expected in last["reason"]
        assert last["ended_at"] - last["leased_at"] < LIMIT_SECONDS + 10 + 10, "its agent's and its own limits"
    assert used_bytes(podium.home) < HOME_BYTES_MAX
    assert orphans(podium.home) == []


def test_done_without_a_change_is_a_failure(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    home_with(podium, {"idle": '{ kind = "change", name = "change" }'}, SAYS)
    done = podium("run", podium.document("work.md", "# Work\n\nDo it.\n"), "--json")
    assert done.returncode == 8, done.stderr
    (review,) = podium.ask("review", "list")["reviews"]
    assert review["kind"] == "quality"
    assert "gate failed: change" in review["reason"]
