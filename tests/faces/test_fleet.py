"""The fleet by hand on a real home: what is said is in effect at once, survives a restart, and costs no work."""

import os
import select
import signal
import time
from pathlib import Path

import pytest

from tests.crash.verdicts import orphans
from tests.faces.command_line import PATIENCE_SECONDS, CommandLine

SLOW = "# Small\n<!-- rehearsal: seconds=30 -->\n\n## Features\n\n- Count words: say how many words a text has\n"


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def states(podium: CommandLine) -> dict[str, str]:
    return {row["name"]: row["state"] for row in podium.ask("instances")["instances"]}


@pytest.mark.requirement("SCL-3", "QUE-3")
def test_pools_drains_and_strategies_outlive_the_orchestrator(podium: CommandLine) -> None:
    assert podium("up").returncode == 0
    try:
        grown = podium.ask("scale-up", "development", "--by", "2", "--role", "features", "--reason", "rush")
        assert (grown["started"], grown["retired"]) == (["dev-06", "dev-07"], [])
        assert podium.ask("scale-down", "content", "--to", "1", "--yes")["retired"] == ["content-02", "content-03"]
        assert podium.ask("drain", "dev-02", "--reason", "new disk")["instances"] == ["dev-02"]
        assert podium.ask("drain", "content")["queues"] == ["content"]
        assert podium.ask("strategy", "genesis", "least-loaded", "--reason", "even wear")["before"] == "specialized"
        assert podium.ask("rebalance", "--preview")["moves"] == []
        refused = podium("scale-down", "content", "--by", "2", "--yes")
        assert (refused.returncode, "content has 1 instances" in refused.stderr) == (4, True), refused.stderr
        assert podium("scale-up", "content", "--role", "socail").returncode == 2
    finally:
        assert podium("down").returncode == 0
    found = states(podium)
    assert {"dev-06", "dev-07"} < found.keys()
    assert {"content-02", "content-03"}.isdisjoint(found)
    assert podium("up").returncode == 0
    try:
        found = states(podium)
        assert (found["dev-02"], found["content-01"], found["dev-07"]) == ("drained", "drained", "idle")
        queues = {row["queue"]: row for row in podium.ask("queues")["queues"]}
        assert (queues["genesis"]["strategy"], queues["development"]["strategy"]) == ("least-loaded", "specialized")
        assert (queues["content"]["drained"], queues["development"]["instances"]) == (True, 7)
        pools = {(row["workflow"], row["role"]): row["size"] for row in podium.ask("instances")["pools"]}
        assert (pools["development", "features"], pools["content", "social"]) == (3, 0)
        assert podium.ask("status")["system"]["instances_drained"] == 2
        assert podium.ask("undrain", "all")["queues"] == ["content"]
        assert podium.ask("status")["system"]["instances_drained"] == 1
        assert "pool.resized" in {event["type"] for event in podium.ask("events")["events"]}
    finally:
        assert podium("down").returncode == 0
    assert orphans(podium.home) == []


@pytest.mark.requirement("SCL-3")
def test_what_a_restart_or_a_scale_down_now_ends_is_given_back_uncharged(podium: CommandLine) -> None:
    assert podium("up").returncode == 0
    try:
        podium.ask("submit", podium.document("small.md", SLOW))
        podium.until("answer['instances'][0]['state'] == 'busy'", "instances")
        first = podium.ask("restart-instance", "genesis-01", "--reason", "hangs", "--yes")["attempt"]
        assert first == "small/1.a1"
        podium.until("any((i['work'] or '').endswith('(attempt 2)') for i in answer['instances'])", "instances")
        (busy,) = [row for row in podium.ask("instances")["instances"] if row["job"] is not None]
        assert podium.ask("drain", "genesis")["finishing"] == [busy["name"]]
        assert states(podium)[busy["name"]] == "draining"
        done = podium.ask("scale-down", "genesis", "--to", "0", "--now", "--reason", "elsewhere", "--yes")
        assert done["attempts_ended"] == ["small/1.a2"]
        why = podium.until("answer['state'] == 'ready'", "why", "1")
        assert [attempt["verdict"] for attempt in why["attempts"]] == ["release", "release"]
        assert why["because"] == "no instance works for genesis"
        assert "`podium scale-up genesis` gives it some" in why["next"]
        assert podium.ask("scale-up", "genesis", "--to", "1")["started"] == ["genesis-01"]
        assert "is drained" in podium.ask("why", "1")["because"]
        assert podium.ask("undrain", "genesis")["queues"] == ["genesis"]
        podium.until("answer['state'] == 'running'", "why", "1")
        assert podium.ask("cancel", "small", "--yes")["attempts_ended"] == 1
    finally:
        assert podium("down").returncode == 0
    assert orphans(podium.home) == []


@pytest.mark.requirement("INS-6")
def test_instances_are_swapped_to_another_version_without_losing_a_job_or_a_try(podium: CommandLine) -> None:
    """What runs finishes as it began, or with --now goes on under the new one; a broken file changes nothing."""

    def configure(version: int) -> None:
        agent = f"echo version {version}; exec {{python}} -I -m podium.agents.rehearsal"
        podium.home.mkdir(exist_ok=True)
        text = f'agent = "mine"\n[agents.mine]\ncommand = ["/bin/sh", "-c", "{agent}"]\n'
        (podium.home / "podium.toml").write_text(text, "utf-8")

    def version(attempt: str) -> str:
        """What its agent says first, once it has said so."""
        log, deadline = podium.home / "attempts" / attempt / "messages.ndjson", time.monotonic() + PATIENCE_SECONDS
        while not (log.exists() and "version " in log.read_text("utf-8")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return log.read_text("utf-8").partition("version ")[2][:1]

    configure(1)
    assert podium("up").returncode == 0
    try:
        podium.ask("submit", podium.document("small.md", SLOW))
        podium.until("answer['instances'][0]['signals'] is not None", "instances")
        same = podium.ask("swap", "all", "--yes")
        assert (same["agents"], same["instances"]) == ([], [])
        (podium.home / "podium.toml").write_text("agents = 3\n", "utf-8")
        assert podium("swap", "all", "--yes").returncode == 2
        configure(2)
        swapped = podium.ask("swap", "genesis", "--reason", "new model", "--yes")
        assert (swapped["agents"], swapped["finishing"]) == (["mine"], ["genesis-01"])
        assert (swapped["instances"], swapped["attempts_ended"]) == (["genesis-01", "genesis-02", "genesis-03"], [])
        assert podium.ask("why", "1")["attempts"] == [], "it goes on as it began"
        assert podium.ask("swap", "all", "--now", "--yes")["attempts_ended"] == ["small/1.a1"]
        why = podium.until("answer['state'] == 'running' and answer['attempts']", "why", "1")
        assert [attempt["verdict"] for attempt in why["attempts"]] == ["release"]
        assert (version("small/1.a1"), version("small/1.a2")) == ("1", "2")
        assert "instance.swapped" in {event["type"] for event in podium.ask("events")["events"]}
    finally:
        assert podium("down").returncode == 0
    assert orphans(podium.home) == []


@pytest.mark.requirement("INS-8", "INS-6")
def test_an_orchestrator_that_is_told_to_stop_leaves_its_agents_at_work(podium: CommandLine) -> None:
    """SIGTERM drains: nothing new is given out, what runs goes on and is adopted; a second one changes nothing."""
    pid = podium.ask("up")["pid"]
    podium.ask("submit", podium.document("small.md", SLOW.replace("seconds=30", "seconds=3")))
    podium.until("answer['instances'][0]['signals'] is not None", "instances")
    gone = os.pidfd_open(pid)
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGTERM)
    assert select.select([gone], [], [], 40.0)[0], "it did not stop"
    os.close(gone)
    assert podium("up").returncode == 0
    try:
        why = podium.until("answer['state'] == 'passed'", "why", "1")
        assert [attempt["verdict"] for attempt in why["attempts"]] == ["pass"], "one attempt, and none was charged"
        assert "job.adopted" in {event["type"] for event in podium.ask("events")["events"]}
    finally:
        assert podium("down").returncode == 0
    assert orphans(podium.home) == []
