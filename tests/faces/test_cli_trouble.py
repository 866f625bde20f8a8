"""What the command line does when the ground moves: orchestrators that leave, readers that hang up, odd homes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.crash.verdicts import orphans
from tests.faces.command_line import CommandLine, interrupt

DOCUMENT = "# {}\n<!-- rehearsal: seconds={} -->\n\n## Features\n\n- Count words: say how many words a text has\n"
END_SECONDS = 60


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def write(podium: CommandLine, title: str, seconds: float) -> str:
    return podium.document(f"{title.lower()}.md", DOCUMENT.format(title, seconds))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_watches_takes_over_when_the_orchestrator_leaves(podium: CommandLine, number: int) -> None:
    pid = podium.ask("up")["pid"]
    watcher = podium.begin("run", write(podium, "Small", 0.2), "--json")
    podium.until("any(e['type'] == 'job.leased' for e in answer['events'])", "events")
    if number == signal.SIGINT:
        stopped = podium.ask("down")
        assert (stopped["pid"], stopped["stopped"]) == (pid, True)
    else:
        os.kill(pid, number)
    out, said = watcher.communicate(timeout=END_SECONDS)
    assert watcher.returncode == 0, said.decode()
    assert json.loads(out)["workflows"]["content"] == "CONTENT_COMPLETE"
    assert b"this run is the orchestrator now" in said
    assert orphans(podium.home) == []


def test_a_run_that_watches_says_truly_who_goes_on(podium: CommandLine) -> None:
    podium("up")
    try:
        watcher = podium.begin("run", write(podium, "Small", 0.5), "--json")
        podium.until("any(e['type'] == 'job.leased' for e in answer['events'])", "events")
        code, said = interrupt(watcher)
        assert (code, "the orchestrator goes on with it" in said) == (130, True), said
    finally:
        podium("down")


def test_starting_many_at_once_tells_one_process(podium: CommandLine) -> None:
    starters = [podium.begin("up", "--json") for _ in range(3)]
    try:
        answers = [json.loads(starter.communicate(timeout=END_SECONDS)[0]) for starter in starters]
        assert len({answer["pid"] for answer in answers}) == 1
        assert [answer["started"] for answer in answers].count(True) == 1
    finally:
        assert podium.ask("down")["stopped"]
    assert not podium.ask("down")["stopped"]
    deadline = time.monotonic() + END_SECONDS
    while left := orphans(podium.home):
        assert time.monotonic() < deadline, f"one has waited for the first to go, and works on: {left}"
        time.sleep(0.05)
    log = (podium.home / "orchestrator.log").read_text().splitlines()
    lines = [json.loads(line) for line in log if not line.startswith("podium: Another orchestrator")]
    up = next(line for line in lines if line["message"].endswith(f" is up (process {answers[0]['pid']})"))
    assert up["at"][:2] == "20", "what the orchestrator logs begins with its time"
    assert (up["level"], up["logger"]) == ("info", "podium")


def test_a_start_that_fails_says_why_and_nothing_of_earlier_ones(podium: CommandLine) -> None:
    podium("up")
    podium("down")
    log = podium.home / "orchestrator.log"
    log.write_text(log.read_text() + "Traceback (most recent call last):\npodium: an old reason\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = podium("up", "--port", str(port))
    why = f"Podium cannot listen on 127.0.0.1, port {port}: Address already in use. Give another port with --port."
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == f"podium: The orchestrator did not start:\n{why}\nAll of it: {log}\n"


def test_a_port_for_one_that_is_up_elsewhere_is_a_conflict_until_it_is_down(podium: CommandLine) -> None:
    podium("up")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    advice = f"`podium down --keep` first, then `podium up --port {port}`."
    done = podium("up", "--port", port)
    assert (done.returncode, "up already, on no port." in done.stderr, advice in done.stderr) == (4, True, True)
    assert "`podium down --keep` first, then `podium up --port" in podium("open", "--print").stderr
    podium("down", "--keep")
    url = podium.ask("up", "--port", "0")["url"]
    try:
        done = podium("up", "--port", port)
        assert (done.returncode, f"up already, on {url}." in done.stderr, advice in done.stderr) == (4, True, True)
        for words in ([], ["--port", "0"], ["--port", url.rpartition(":")[2]]):
            assert not podium.ask("up", *words)["started"]
    finally:
        podium("down")


def test_a_dashboard_without_a_terminal_refuses_and_a_reader_of_events_ends_quietly(podium: CommandLine) -> None:
    url = podium.ask("up", "--port", "0")["url"]
    try:
        done = podium("dashboard")
        assert (done.returncode, done.stdout, "needs a terminal" in done.stderr) == (2, "", True)
        bearer = podium.ask("token", "create")["token"]
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "text/event-stream"}
        with httpx2.stream("GET", f"{url}/v1/events", headers=headers, timeout=END_SECONDS) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            podium("down")
            assert not any(lines), "it ends as a whole answer"
    finally:
        podium("down")
    assert "CancelledError" not in (podium.home / "orchestrator.log").read_text()


def test_nobody_who_works_is_said_where_nothing_is_stuck(podium: CommandLine) -> None:
    podium("submit", write(podium, "Small", 0))
    done = podium("stuck")
    assert "Nobody works on 1 open project: podium up" in done.stdout
    assert "Nothing is stuck" not in done.stdout


@pytest.mark.parametrize("words", [["status"], ["--help"], ["doctor"], ["events", "--json"]])
def test_a_reader_that_hangs_up_is_no_failure(podium: CommandLine, words: list[str]) -> None:
    podium("init")
    for _ in range(2):
        process = podium.begin(*words)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(END_SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.stderr.close()


def test_a_run_whose_reader_hangs_up_goes_on_to_its_end(podium: CommandLine) -> None:
    process = podium.begin("run", write(podium, "Small", 0))
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(END_SECONDS), said) == (0, b"")
    assert podium.ask("project", "small")["state"] == "complete"
    for path in podium.home.iterdir():
        assert path.stat().st_mode & 0o077 == 0, f"{path} is for this user alone"


def test_interrupting_ends_agents_that_are_being_started_too(podium: CommandLine) -> None:
    projects = [write(podium, f"P{number}", 2) for number in range(3)]
    for project in projects[1:]:
        podium("submit", project)
    process = podium.begin("run", projects[0], "--json")
    podium.until("any(e['type'] == 'job.leased' for e in answer['events'])", "events")
    code, said = interrupt(process)
    assert code == 130, said
    assert orphans(podium.home) == []
    states = [row["state"] for row in podium.ask("instances")["instances"]]
    assert set(states) == {"stopped"}, "every lease was given back"


def test_a_full_disk_and_a_defect_are_one_line(podium: CommandLine, tmp_path: Path) -> None:
    podium("init")
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "podium", "status"], env=podium.env, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr.count(b"\n")) == (6, 1), done.stderr
    script = "import sys; from podium.faces.cli.main import execute; sys.exit(execute(['status', '--json'], None))"
    done = subprocess.run([sys.executable, "-c", script], env=podium.env, capture_output=True, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done.stderr
    assert json.loads(done.stdout)["error"]["kind"] == "defect"


def test_usage_errors_are_documents_for_programs(podium: CommandLine) -> None:
    for words in (["frobnicate"], ["why", "x"], ["up", "--what"]):
        done = podium(*words, "--json")
        error = json.loads(done.stdout)["error"]
        assert (done.returncode, error["exit_code"], error["kind"]) == (2, 2, "usage")
        assert error["message"]


def test_plain_ascii_output_never_fails(podium: CommandLine) -> None:
    podium("submit", podium.document("umlaut.md", DOCUMENT.format("Größe", 0)))
    podium.env |= {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for words in (["status"], ["events"]):
        done = podium(*words)
        assert (done.returncode, done.stderr) == (0, "")
    assert podium.ask("projects")["projects"][0]["title"] == "Größe"


def test_following_an_idle_instance_goes_on_over_its_attempts(podium: CommandLine) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # tests in the background of a shell, and so their children
        signal.signal(signal.SIGINT, signal.default_int_handler)
    podium("up")
    try:
        reader = podium.begin("logs", "genesis-01", "-f")
        assert reader.stdout is not None
        assert b"idle; waiting" in reader.stdout.readline()
        for title in ("One", "Two"):
            podium("submit", write(podium, title, 0))
            heads = iter(reader.stdout.readline, b"")
            assert any(line.startswith(f"{title.lower()}/".encode()) for line in heads)
            podium("cancel", title.lower(), "--yes")
            podium.until("all(i['state'] == 'idle' for i in answer['instances'])", "instances")
        reader.send_signal(signal.SIGINT)
        _, said = reader.communicate(timeout=END_SECONDS)
        assert (reader.returncode, said.strip()) == (130, b"podium: interrupted")
    finally:
        podium("down")


def test_a_cancelled_run_ends_with_its_agents(podium: CommandLine) -> None:
    process = podium.begin("run", write(podium, "Small", 20), "--json")
    podium.until("any(e['type'] == 'job.leased' for e in answer['events'])", "events")
    podium.ask("cancel", "small", "--reason", "not needed", "--yes")
    _, said = process.communicate(timeout=END_SECONDS)
    assert (process.returncode, b"is cancelled" in said) == (1, True), said
    assert orphans(podium.home) == []
