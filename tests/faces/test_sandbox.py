"""A nosy agent in a sandbox: what is the orchestrator's reaches no agent, log, event or commit."""

import json
import shlex
from pathlib import Path

import pytest

from podium.hosts import sandbox
from tests.faces.command_line import CommandLine
from tests.unit.runner.stage import git

pytestmark = [
    pytest.mark.requirement("INS-4", "SEC-1"),
    pytest.mark.skipif(bool(sandbox.trouble()), reason=f"there is no sandbox here: {sandbox.trouble()}"),
]

CANARY = "canary-c0ffee"
PIPELINE = """
name = "nosy"
start = "work"

[workflows.work]
states = ["NEW", "WORKING", "DONE"]
roles = ["any"]
instances = { work-01 = "any" }

[[workflows.work.steps]]
id = "look"
state = "WORKING"
waiting = "NEW"
role = "any"
attempts_max = 1
gates = [{ kind = "command", name = "check", command = ["sh", "-c", "cat %s; env; ls found.txt"] }]
"""
AGENT = """\
mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch {hooked}\\n' >.git/hooks/post-index-change
chmod +x .git/hooks/post-index-change; cp .git/hooks/post-index-change .git/hooks/pre-commit
(env; cat {places}; find {home} {outside} -type f | xargs cat; cat /proc/*/environ) 2>errors.txt |
  tr -cd '\\n -~' >found.txt
cat found.txt errors.txt
echo '{{"type": "result", "verdict": "passed", "summary": "Done"}}'
"""


def configure(podium: CommandLine, mode: str) -> None:
    podium.home.mkdir()
    outside = podium.home.parent / "private"
    outside.mkdir()
    (outside / "key").write_text(CANARY)
    (podium.home / "secret.txt").write_text(CANARY)
    places = (outside / "key", podium.home / "secret.txt", podium.home / "podium.toml", podium.home / "credential")
    told = {"hooked": outside / "hooked", "home": podium.home, "outside": outside}
    script = AGENT.format(places=shlex.join(map(str, places)), **told)
    (podium.home / "pipeline.toml").write_text(PIPELINE % (outside / "key"))
    (podium.home / "podium.toml").write_text(
        f'# {CANARY}\nagent = "mine"\npipeline = "pipeline.toml"\n[sandbox]\nmode = "{mode}"\n'
        f"[agents.mine]\ncommand = {json.dumps(['/bin/sh', '-c', script])}\n"
    )
    podium.env["SECRET_OF_THE_ORCHESTRATOR"] = CANARY


def holding(folder: Path, but: set[str]) -> list[str]:
    """Files below a folder in which the canary is, compressed objects aside."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in but)
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


@pytest.mark.requirement("SEC-1")
def test_what_is_the_orchestrators_is_found_nowhere(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    configure(podium, "required")
    done = podium("run", podium.document("work.md", "# Work\n\nDo it.\n"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert holding(podium.home, {"podium.toml", "secret.txt"}) == []
    assert CANARY not in podium("events", "--limit", "999", "--json").stdout
    log = podium("logs", "work-01").stdout
    assert "PODIUM_ATTEMPT" in log, "it did look"
    assert CANARY not in log
    (job,) = podium.ask("jobs", "work")["jobs"]
    assert podium.ask("why", str(job["id"]))["attempts"][-1]["verdict"] == "pass"
    patches = git(podium.home / "projects" / "work" / "repository", "log", "--all", "--patch", "--text")
    assert "PODIUM_ATTEMPT" in patches, "what it found was delivered"
    assert CANARY not in patches
    assert not (tmp_path / "private" / "hooked").exists(), "a planted hook has run"


def test_doctor_says_what_stands_between(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    configure(podium, "off")
    for mode, state in (("off", "warning"), ("required", "ok")):
        text = (podium.home / "podium.toml").read_text()
        (podium.home / "podium.toml").write_text(text.replace('mode = "off"', f'mode = "{mode}"'))
        (found,) = (check for check in podium.ask("doctor")["checks"] if check["name"] == "Sandbox")
        assert (found["state"], "NOT sandboxed" in found["detail"]) == (state, mode == "off")
