"""Every figure of the dashboard for Grafana, asked of a real Prometheus that reads a real orchestrator."""

import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from podium.clock import SteadyClock
from tests.faces.command_line import ROOT
from tests.faces.rest_home import RestHome, served

T = TypeVar("T")
CLOCK = SteadyClock()
WAIT_SECONDS = 60.0
SCRAPE = """
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: podium
    authorization: {credentials_file: token}
    static_configs: [{targets: ["TARGET"]}]
"""
"""As docs/metrics.md has it, but more often."""
PAYER = """
import json
print(json.dumps({"type": "spend", "input_tokens": 1000, "output_tokens": 100, "cost_usd": 0.25}))
print(json.dumps({"type": "result", "verdict": "failed", "summary": "No."}))
"""


@contextmanager
def prometheus(home: RestHome, folder: Path) -> Generator[httpx2.Client]:
    """A Prometheus that reads this home; asked by its HTTP API."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no prometheus is on the PATH (Debian: apt-get install prometheus)")
    (folder / "token").write_text(home.bearers["read"] or "")
    (folder / "prometheus.yml").write_text(SCRAPE.replace("TARGET", home.url.removeprefix("http://")))
    command = [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"]
    log = folder / "log"
    with log.open("w") as file, subprocess.Popen(command, cwd=folder, stderr=file) as process:
        try:
            found = until(lambda: re.search(r'msg="Listening on" address=(\S+)', log.read_text()))
            with httpx2.Client(base_url=f"http://{found[1]}/api/v1", timeout=30) as client:
                yield client
        finally:
            process.terminate()


def until(look: Callable[[], T | None]) -> T:
    """What is found as soon as there is something."""
    deadline = CLOCK.now() + WAIT_SECONDS
    while (found := look()) is None:
        assert CLOCK.now() < deadline
        time.sleep(0.2)
    return found


def asked(client: httpx2.Client, expression: str) -> dict[str, float]:
    """What Prometheus answers: a value for each set of labels. An expression that it does not understand fails."""
    answer = client.get("/query", params={"query": expression}).json()
    assert answer["status"] == "success", (expression, answer)
    return {",".join(one["metric"].values()): float(one["value"][1]) for one in answer["data"]["result"]}


def as_grafana(expression: str, instance: str) -> str:
    """The expression with its variables filled in, as Grafana does: a value in a regular expression is escaped."""
    return expression.replace("$instance", re.escape(instance).replace("\\", "\\\\")).replace("$__rate_interval", "15s")


@pytest.mark.requirement("MET-1")
def test_all_that_the_dashboard_asks_prometheus_can_answer(tmp_path: Path) -> None:
    with served(tmp_path, payer=PAYER) as home, prometheus(home, tmp_path) as client:
        until(lambda: asked(client, "podium_instances_total") or None)
        (instance,) = client.get("/label/instance/values", params={"match[]": "podium_instances_total"}).json()["data"]
        for title, agent in (("Greeter", "rehearsal"), ("Payer", "payer")):
            more = {"features": ["Greet"], "agent": agent}
            assert home.ask("POST", "/v1/submit", json={"title": title, "brief": "x", **more}).status_code == 200
        home.podium.until("answer['state'] == 'complete'", "project", "greeter", seconds=100)
        home.podium.until("answer['system']['spend_today']['cost_usd']", "status")
        home.ask("POST", "/v1/drain", json={"target": "genesis"})
        home.ask("POST", "/v1/submit", json={"title": "Waits", "brief": "x"})
        until(lambda: asked(client, 'podium_queue_depth{queue="genesis"} > 0') or None)
        told = until(lambda: _complete(client, instance))
    told_once = {title: values[0][""] for title, values in told.items() if set(values[0]) == {""}}
    assert 0.9 < told_once["Projects an hour"] < 1.5, "the first one counts, too"
    assert 1 < told_once["Average pipeline time"] < WAIT_SECONDS
    assert told_once["Open breakers"] == 0, "none is a figure"
    depths = told["Waiting, by queue"][0]
    assert set(depths) == {"input", "genesis", "development", "content", "review", "output"}
    assert depths["genesis"] == 1
    outcomes, runs = told["Projects and runs ended, by the hour"]
    assert set(outcomes) == {"completed", "failed", "cancelled"}
    assert all(0.9 < n < 1.5 for n in runs.values()), runs
    assert set(runs) == {"genesis", "development", "content"}
    assert told["Spend an hour"][0]["genesis"] > 0.2
    assert max(told["Use of the pools"][0].values()) < 1
    assert {"genesis", "development", "content", "output"} == set(told["Jobs started a minute"][0])


def _complete(client: httpx2.Client, instance: str) -> dict[str, list[dict[str, float]]] | None:
    """What Prometheus has for each panel, by its title; None while any of them lacks something."""
    panels = json.loads((ROOT / "docs" / "grafana" / "podium.json").read_text())["panels"]
    told = {
        panel["title"]: [asked(client, as_grafana(target["expr"], instance)) for target in panel["targets"]]
        for panel in panels
    }
    assert len(told) == len(panels)
    values = [one for answers in told.values() for one in answers]
    is_whole = all(one and all(map(math.isfinite, one.values())) for one in values)
    return told if is_whole and told["Projects an hour"][0][""] else None
