"""The fleet by hand on a real home: what is said is in effect at once, survives a restart, and costs no work."""

from pathlib import Path

import pytest

from tests.crash.verdicts import orphans
from tests.faces.command_line import CommandLine

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
