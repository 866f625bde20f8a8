"""The dashboard over 100,000 projects and 1,000 instances: what each screen and each update costs is bounded."""

from collections.abc import Callable, Generator
from pathlib import Path

import apsw
import pytest
from playwright.sync_api import Browser, expect

from podium.clock import SteadyClock
from podium.faces.web.routes import SCREENS
from podium.store.store import DATABASE
from tests.browser.test_dashboard import browser, live, opened
from tests.faces.command_line import CommandLine
from tests.faces.rest_home import RestHome, running
from tests.faces.staging import Stage

CLOCK = SteadyClock()
PROJECTS, OPEN, INSTANCES = 100_000, 200, 1_000
CHANGES = 10
REFRESH_SECONDS = 0.7
"""A page asks no more often, however much happens."""
NODES_MAX = 3_000
"""Elements of one screen, whatever the home holds."""
BYTES_MAX = 150_000
"""Of one update: the part of the page that is sent again."""
COPIES = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
INSERT INTO project SELECT {columns} FROM project, number WHERE id = 'done'
"""
RENAMED = {"id": "printf('done-%06d', n)", "title": "'A project with number ' || n", "created_at": "created_at - n"}

__all__ = ["browser"]


def fill(path: Path) -> None:
    """Everything waits, since every queue is drained; most projects are over."""
    stage = Stage(path, CLOCK.wall() - 3600)
    stage.make("old", "done")
    stage.make("q", "dead")
    stage.make("p", "review")
    for number in range(OPEN):
        stage.submit(f"open-{number:03d}")
    queues = list(stage.pipeline.workflows)
    stage.store.close()
    with apsw.Connection(str(path)) as store:
        names = [str(row[1]) for row in store.execute("PRAGMA table_info(project)")]
        store.execute(COPIES.format(columns=", ".join(RENAMED.get(name, name) for name in names)), (PROJECTS,))
        store.execute("UPDATE tally SET n = n + ? WHERE subject = 'projects' AND state = 'complete'", (PROJECTS,))
        store.executemany("INSERT INTO queue_setting (queue, drained) VALUES (?, 1)", [(name,) for name in queues])
        roles = [(f"crowd-{n:04d}", queues[n % 3], f"role-{n % 20}") for n in range(INSTANCES)]
        store.executemany("INSERT INTO instance (name, queue, role) VALUES (?, ?, ?)", roles)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Generator[RestHome]:
    podium = CommandLine(tmp_path_factory.mktemp("crowd") / "home")
    podium.ask("init")
    fill(podium.home / DATABASE)
    with running(podium) as home:
        yield home


@pytest.mark.requirement("DSH-1")
def test_no_screen_grows_with_the_home_and_an_update_is_one_request(
    browser: Browser, crowd: RestHome, record_property: Callable[[str, object], None]
) -> None:
    status = crowd.ask("GET", "/v1/status").json()["system"]
    assert (status["projects_complete"], status["instances_total"] > INSTANCES) == (PROJECTS + 1, True)
    jobs = crowd.ask("GET", "/v1/jobs/review", params={"limit": 1}).json()["jobs"]
    names = {"project": "review", "job": str(jobs[0]["id"]), "instance": "crowd-0001"}
    costs: list[tuple[str, int, int, float]] = []
    with opened(browser, crowd) as page:
        for path in [*(screen.path.format(**names) for screen in SCREENS), "/projects?view=board", "/charts?window=7d"]:
            page.goto(crowd.url + path)
            nodes = page.evaluate("document.querySelectorAll('*').length")
            began = CLOCK.now()
            part = crowd.ask("GET", path, headers={"X-Podium-Part": "1"})
            costs.append((path, nodes, len(part.content), CLOCK.now() - began))
            assert part.status_code == 200, path
        page.goto(f"{crowd.url}/projects")
        live(page)
        asked, began, first = list[str](), CLOCK.now(), _last(crowd)
        page.on("request", lambda request: asked.append(request.url))
        for number in range(CHANGES):
            crowd.ask(
                "POST", "/v1/submit", json={"id": f"more-{number}", "title": "x", "brief": "x", "not_before": "1d"}
            )
        expect(page.locator(f"#project-more-{CHANGES - 1}")).to_be_visible()
        requests, seconds, events = list(asked), CLOCK.now() - began, _last(crowd) - first
    for path, nodes, size, took in costs:
        record_property(path, f"{nodes} nodes, {size} bytes, {took * 1000:.0f} ms")
    assert [cost for cost in costs if cost[1] > NODES_MAX or cost[2] > BYTES_MAX] == []
    assert set(requests) == {f"{crowd.url}/projects"}, "nothing but the part that changes is asked for"
    assert events >= 2 * CHANGES
    assert len(requests) <= 2 + seconds / REFRESH_SECONDS, "many events are one update"


def _last(home: RestHome) -> int:
    return home.ask("GET", "/v1/events", params={"after": 0, "limit": 1}).json()["last"]
