"""The dashboard in a real Chromium over a real orchestrator: every screen, actions, keys, live updates, restarts."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from podium.clock import SteadyClock
from podium.faces.web.routes import SCREENS
from podium.store.store import DATABASE
from tests.browser import chromium
from tests.conformance import npm_agents
from tests.faces.command_line import CommandLine
from tests.faces.rest_home import RestHome, running, served
from tests.faces.staging import Stage

CLOCK = SteadyClock()
KEYS = {"title": "Keys", "brief": "Waits.", "id": "keys", "plan_first": True, "features": ["Turn a key"]}
HOSTILE = '<img src=x onerror="document.title=1">\u202e"quoted"'
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)
SERIOUS = {"serious", "critical"}
RULES: dict[Any, dict[str, Any]] = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
"""What axe looks for: a page is the same in either theme but for its colours."""


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    try:
        program = chromium.found()
    except chromium.NoBrowser as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=[*chromium.FLAGS])
        yield made
        made.close()


HASTY = """
import json, pathlib
path = pathlib.Path('<img src=x onerror="document.title=1">.py')
path.write_text('<script>document.title=1</script>\\n\\x1b[31m' * 9)
print(json.dumps({"type": "result", "verdict": "passed", "summary": "<b>Done</b> in haste"}))
"""
"""An agent that changes a file and delivers no plan, as often as it is asked."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[RestHome]:
    """A home with a project that is done, one that begins tomorrow, and one that names itself badly."""
    with served(tmp_path_factory.mktemp("dashboard"), hasty=HASTY) as rest:
        rest.ask("POST", "/v1/submit", json={"title": "Hasty", "brief": "x", "agent": "hasty"})
        rest.ask("POST", "/v1/submit", json={"title": "Greeter", "brief": "Greets.", "features": ["Greet by name"]})
        rest.ask("POST", "/v1/submit", json={"title": "Sleeper", "brief": "Waits.", "not_before": "1d"})
        rest.ask("POST", "/v1/submit", json={"title": HOSTILE, "brief": "x", "id": "hostile", "not_before": "1d"})
        rest.podium.until("answer['state'] == 'complete'", "project", "greeter", seconds=100)
        yield rest


@contextmanager
def opened(browser: Browser, home: RestHome) -> Generator[Page]:
    """A page whose browser has signed in; any error of its console fails."""
    context = browser.new_context(color_scheme="light", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(home.podium.ask("open")["url"])
    yield page
    context.close()
    assert wrong == []


def live(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=WAIT_MS)


@pytest.mark.requirement("DSH-1")
def test_every_screen_shows_a_home_in_either_theme_and_is_accessible(browser: Browser, home: RestHome) -> None:
    axe = (npm_agents.installed() / "axe-core" / "axe.min.js").read_text()
    (job,) = home.ask("GET", "/v1/jobs/greeter", params={"limit": 1}).json()["jobs"]
    names = {"project": "greeter", "job": str(job["id"]), "instance": "dev-01"}
    with opened(browser, home) as page:
        for screen in SCREENS:
            answer = page.goto(home.url + screen.path.format(**names))
            assert answer is not None
            assert answer.status == 200, screen.path
            expect(page.locator("h1")).to_have_count(1)
            expect(page.locator("[data-load] a", has_text="The change and its gates")).to_have_count(0)
            live(page)
            page.evaluate(axe)
            for scheme, rules in RULES.items():
                page.emulate_media(color_scheme=scheme)
                found = page.evaluate("rules => axe.run(rules)", rules)["violations"]
                bad = [(v["id"], [n["target"] for n in v["nodes"]]) for v in found if v["impact"] in SERIOUS]
                assert bad == [], (screen.path, scheme)


@pytest.mark.requirement("DSH-1")
def test_a_page_follows_what_happens_and_moves_neither_focus_nor_filter(browser: Browser, home: RestHome) -> None:
    with opened(browser, home) as page:
        page.goto(f"{home.url}/projects?find=late")
        live(page)
        find = page.get_by_label("Find by title or id")
        find.focus()
        find.press("End")
        find.press_sequentially("comer")
        home.ask("POST", "/v1/submit", json={"title": "Latecomer", "brief": "x", "id": "latecomer", "not_before": "1d"})
        expect(page.locator("#project-latecomer")).to_be_visible()
        expect(find).to_be_focused()
        expect(find).to_have_value("latecomer")
        assert page.url.endswith("?find=late")


@pytest.mark.requirement("DSH-1")
def test_an_action_is_an_operation_with_its_reason_and_its_command_line(browser: Browser, home: RestHome) -> None:
    with opened(browser, home) as page:
        page.goto(f"{home.url}/projects/sleeper")
        page.get_by_role("button", name="Pause").click()
        page.get_by_label("reason").fill("lunch")
        expect(page.locator(".cli")).to_have_text("podium pause sleeper --reason lunch")
        page.locator("#form").get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        assert "lunch" in home.ask("GET", "/v1/project/sleeper").json()["paused"]
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".warn")).to_have_text(re.compile(r"Cancel 1 project, \d+ open jobs?"))
        page.get_by_role("button", name="Leave it").click()
        assert home.ask("GET", "/v1/project/sleeper").json()["state"] == "open"
        page.get_by_role("button", name="Resume").click()
        page.locator("#form").get_by_role("button", name="Resume").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()


def reach(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus."""
    found = (
        page.locator("#form")
        .get_by_label(name, exact=True)
        .or_(page.locator("#form").get_by_role("button", name=name, exact=True))
    )
    for _ in range(60):
        if found.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {name}")


@pytest.mark.requirement("INT-1", "DSH-1")
def test_a_typed_request_of_the_form_becomes_a_project_with_keys_alone(browser: Browser, home: RestHome) -> None:
    typed = {"title": "Typed <b>by</b> hand", "brief": "It waits.", "type": "library", "priority": "70", "id": "typed"}
    with opened(browser, home) as page:
        page.goto(f"{home.url}/projects")
        live(page)
        page.keyboard.press("n")
        expect(page.locator("#form h2")).to_have_text("submit")
        for name, text in typed.items():
            reach(page, name)
            page.keyboard.type(text)
        reach(page, "features")
        page.keyboard.type("Greet by name: say hello")
        page.keyboard.press("Enter")
        page.keyboard.type("Part kindly")
        reach(page, "not before")
        page.keyboard.type("1d")
        expect(page.locator(".cli")).to_contain_text("--priority 70 --id typed --not-before 1d")
        reach(page, "Submit")
        page.keyboard.press("Enter")
        expect(page.locator("#project-typed")).to_contain_text(typed["title"])
        expect(page.locator("#form")).to_be_hidden()
    made = home.ask("GET", "/v1/project/typed").json()
    assert (made["title"], made["type"], made["priority"]) == (typed["title"], "library", 70 + 25)
    assert made["source"].startswith("request:")
    with apsw.Connection(str(home.podium.home / DATABASE), flags=apsw.SQLITE_OPEN_READONLY) as store:
        document = store.execute("SELECT text FROM document WHERE project = 'typed'").get
        assert "Greet by name" in document
        assert "Part kindly" in document


@pytest.mark.requirement("DSH-1", "REV-1")
def test_a_review_is_decided_with_keys_alone(browser: Browser, home: RestHome) -> None:
    home.ask("POST", "/v1/submit", json=KEYS)
    with opened(browser, home) as page:
        live(page)
        page.keyboard.press("Control+k")
        page.keyboard.type("review")
        page.keyboard.press("Enter")
        page.wait_for_url("**/review")
        article = page.locator("article", has_text="keys")
        expect(article).to_be_visible()
        while not article.evaluate("one => one === document.activeElement"):
            page.keyboard.press("j")
        page.keyboard.press("a")
        expect(page.locator("#form h2")).to_have_text("review approve")
        page.locator("#form").get_by_label("notes").press("Tab")
        page.locator("#form button.main").press("Enter")
        expect(article).to_have_count(0)
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/instances")
    home.podium.until("answer['state'] == 'complete'", "project", "keys", seconds=100)


@pytest.mark.requirement("REV-1", "SEC-2")
def test_a_review_shows_the_change_its_gates_and_its_cost_and_the_next_one_follows(
    browser: Browser, home: RestHome
) -> None:
    home.ask("POST", "/v1/submit", json=KEYS | {"id": "locks", "title": "Locks"})
    home.podium.until("len(answer['reviews']) == 2", "review", "list", seconds=60)
    with opened(browser, home) as page:
        page.goto(f"{home.url}/review")
        live(page)
        shown = page.locator("[data-shown]")
        page.locator("article", has_text="hasty").locator("a").click()
        expect(shown.locator("h2")).to_contain_text("sent back too often")
        expect(shown.locator(".tail")).to_have_text("The result holds no plan.")
        expect(shown.locator(".file summary")).to_contain_text('<img src=x onerror="document.title=1">.py')
        expect(shown.locator(".patch .add").first).to_have_text("+<script>document.title=1</script>")
        expect(shown).to_contain_text("<b>Done</b> in haste")
        expect(page.locator("main img, main script, .patch b")).to_have_count(0)
        for key in ("j", "k", "j"):
            page.keyboard.press(key)
        expect(shown.locator("h2")).to_contain_text("plan to approve")
        expect(shown.locator("li", has_text="Turn a key")).to_be_visible()
        page.locator("body").click(position={"x": 2, "y": 600})
        page.keyboard.press("x")
        expect(page.locator(".warn")).to_contain_text("Reject 1 review, 1 project")
        page.locator("#form button.main").press("Enter")
        expect(page.locator("article", has_text="locks")).to_have_count(0)
        expect(shown.locator("h2")).to_contain_text("sent back too often")
        assert page.title() != "1"


@pytest.mark.requirement("MET-2", "DSH-1")
def test_charts_show_counted_figures_with_a_table_behind_each(browser: Browser, home: RestHome) -> None:
    with opened(browser, home) as page:
        for window in ("1h", "24h", "7d"):
            page.goto(f"{home.url}/charts?window={window}")
            live(page)
            told = home.ask("GET", "/v1/metrics", params={"window": window}).json()
            expect(page.locator(".tiles b").first).to_have_text(str(told["projects_completed"]))
            chart = page.locator("#throughput")
            assert chart.locator("svg.plot rect").count() >= 3, "a bar for each stage"
            chart.locator("summary").click()
            column = chart.locator("tbody tr td:nth-child(2)").all_inner_texts()
            assert sum(map(int, column)) == told["workflows"]["genesis"]["projects_completed"]
            expect(page.locator(".chart details")).to_have_count(7)


@pytest.mark.requirement("DSH-1")
def test_the_chart_of_one_hour_shows_when_in_it_the_work_was_done(browser: Browser, tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    podium.ask("init")
    stage = Stage(podium.home / DATABASE, CLOCK.wall() - 50 * 60)
    for name, minutes in (("a", 0), ("b", 20), ("c", 10), ("d", 15)):
        stage.submit(name)
        stage.now += minutes * 60
        stage.finish(stage.run_to("publish"))
    stage.store.close()
    with running(podium) as home, opened(browser, home) as page:
        page.goto(f"{home.url}/charts?window=1h")
        live(page)
        table = page.locator("#throughput tbody tr")
        page.locator("#throughput summary").click()
        minutes = [int(told[:2]) * 60 + int(told[3:]) for told in table.locator("td:first-child").all_inner_texts()]
        assert len(minutes) == 13
        assert {(later - earlier) % 1440 for later, earlier in pairwise(minutes)} == {5}
        done = table.locator("td:nth-child(2)").all_inner_texts()
        assert [n for n in done if n != "0"] == ["1"] * 4, done
        assert len({bar.get_attribute("x") for bar in page.locator("#throughput svg.plot rect").all()}) == 4
        assert page.locator("#depth svg.plot circle").count() == 3 * 13
        assert page.locator("#wait-p50 svg.plot circle").count() >= 4


def test_a_view_of_the_projects_is_saved_by_name_in_the_browser(browser: Browser, home: RestHome) -> None:
    with opened(browser, home) as page:
        page.goto(f"{home.url}/projects?state=complete&find=greet")
        live(page)
        page.get_by_role("button", name="Save this view").click()
        page.get_by_label("name").fill("Done <b>ones</b>")
        page.get_by_role("button", name="Save", exact=True).press("Enter")
        page.goto(f"{home.url}/projects")
        page.get_by_role("link", name="Done <b>ones</b>").click()
        page.wait_for_url("**/projects?state=complete&find=greet")
        page.get_by_role("button", name="Forget the view").click()
        expect(page.locator(".view")).to_have_count(0)


@pytest.mark.requirement("SEC-1")
def test_what_an_operation_answers_is_shown_where_it_is_told_only_once(browser: Browser, home: RestHome) -> None:
    with opened(browser, home) as page:
        page.goto(f"{home.url}/settings")
        expect(page.locator("tr", has_text="retention.events_days")).to_contain_text("90.0")
        page.get_by_role("button", name="New token").click()
        page.get_by_label("scope").select_option("read")
        page.locator("#form button.main").press("Enter")
        token = page.locator(".answer dd", has_text="podium_").inner_text()
        assert home.client.get("/v1/status", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        page.goto(f"{home.url}/fleet")
        page.get_by_role("button", name="Preview a rebalance").click()
        page.locator("#form button.main").press("Enter")
        expect(page.locator(".answer dt", has_text="moves")).to_be_visible()


APPLICATION = Path(__file__).with_name("application.html")
"""What an agent could have deployed."""


@pytest.mark.requirement("SEC-1", "GIT-4")
def test_an_application_gets_nothing_of_the_operators_who_looks_at_it(browser: Browser, home: RestHome) -> None:
    served_from = home.podium.home / "deployments" / "greeter" / "current" / "public"
    (served_from / "index.html").write_text(APPLICATION.read_text())
    port, context = home.url.rpartition(":")[2], browser.new_context()
    dashboards = [f"http://{name}:{port}" for name in ("127.0.0.1", "localhost")]
    asked: list[tuple[str, dict[str, str]]] = []
    for dashboard in dashboards:  # the browser of one who has signed in, under either name
        page = context.new_page()
        page.goto(home.podium.ask("open")["url"].replace(home.url, dashboard))
        live(page)
        page.evaluate("localStorage.setItem('podium-views', JSON.stringify({ mine: '?find=secret' }))")
    page = context.new_page()
    page.on("request", lambda request: asked.append((request.url, request.all_headers())))
    page.goto(f"http://greeter.localhost:{port}/")
    expect(page.locator("h1")).to_have_text("An application")
    cookies = page.evaluate("document.cookie")
    assert (set(cookies.split("; ")) - {"podium_session=forged"}, page.evaluate("localStorage.length")) == (set(), 0)
    assert "An application" in page.evaluate("asked(location.origin)"), "it can ask where it may"
    for dashboard in dashboards:
        found = page.evaluate(f"steal({dashboard!r})")
        assert {name: told.partition(":")[0] for name, told in found.items() if name != "blind"} == dict.fromkeys(
            ("read", "page", "link", "write", "events", "frame"), "refused"
        ), found
        assert found["blind"] in ("", "refused: TypeError")
        shown = context.new_page()
        shown.goto(f"{dashboard}/projects/sleeper")
        live(shown)
        expect(shown.get_by_role("button", name="Pause")).to_be_visible()
    sent = {(url, one) for url, headers in asked for one in headers.get("cookie", "").split("; ") if one}
    assert {one for _, one in sent} == {"podium_session=forged"}, "its own alone, and no operator's"
    answer = page.goto(f"http://greeter.localhost:{port}/v1/status")
    assert answer is not None
    assert answer.status == 404, "there is no API under its name"
    assert not home.ask("GET", "/v1/project/sleeper").json()["paused"]
    context.close()


@pytest.mark.requirement("SEC-2")
def test_what_strangers_write_is_text(browser: Browser, home: RestHome) -> None:
    with opened(browser, home) as page:
        for path in ("/projects", "/projects?view=board", "/projects/hostile", "/events", "/"):
            page.goto(home.url + path)
            live(page)
            expect(page.locator("main img")).to_have_count(0)
            assert page.title() != "1"


def test_an_open_page_says_that_the_orchestrator_is_away_and_goes_on_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    with served(tmp_path) as home:
        context = browser.new_context()
        page = context.new_page()
        page.goto(home.podium.ask("open")["url"])
        live(page)
        home.podium("down", "--keep")
        expect(page.locator("#live")).not_to_have_attribute("data-state", "live", timeout=WAIT_MS)
        home.podium.ask("up", "--port", home.url.rpartition(":")[2])
        live(page)
        home.ask("POST", "/v1/submit", json={"title": "After", "brief": "x", "not_before": "1d"})
        expect(page.locator("main")).to_contain_text("after", timeout=WAIT_MS)
        context.close()
