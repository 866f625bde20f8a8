"""The API on a real port: every route and every tool with every credential, and whom it refuses (API-1, SEC-1)."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, Final

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent
from prometheus_client.parser import text_string_to_metric_families

from podium.domain.access import INCLUDED, Scope
from podium.faces.mcp.servers import NAMES, operations_of
from podium.operations.catalogue import REGISTRY
from podium.operations.operation import Operation
from tests.faces.command_line import ROOT
from tests.faces.rest_home import RestHome, served
from tools.reference_pages import example_input

REFUSED: Final = ("nobody", "revoked", "ended attempt", "forged attempt")
WHO: Final = (*REFUSED, "home", "read", "operate", "admin", "webhook", "attempt")
IN_PATH: Final = {"project": "work"}
MOUNTED: Final = tuple(f"/mcp/{server}" for server in NAMES)
OUTSIDE: Final = (
    "/",
    "/metrics",
    "/openapi.json",
    "/v1/login-link",
    "/v1/operations/status",
    "/login",
    "/nothing",
    *MOUNTED,
)
"""Beside what the API's description has."""
NONSENSE: Final = {"nonsense": 1}
"""Whoever may call an operation is told that it has no such field; nothing is done."""


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestHome]:
    with served(tmp_path_factory.mktemp("rest")) as home:
        yield home


@pytest.fixture(scope="module")
def routes(rest: RestHome) -> list[tuple[str, str, dict[str, Any]]]:
    """Every route of the description: method, a path that can be asked, and what is said about it."""
    paths = rest.ask("GET", "/openapi.json").json()["paths"]
    asked = {path: re.sub(r"\{(\w+)\}", lambda found: IN_PATH.get(found[1], "1"), path) for path in paths}
    made = [(m.upper(), asked[p], said) for p, ms in paths.items() for m, said in ms.items()]
    assert len(made) == len([o for o in REGISTRY.values() if "rest" in o.faces]) + 2  # and /healthz, /readyz
    return made


@pytest.mark.requirement("API-1", "SEC-1")
@pytest.mark.parametrize("who", WHO)
def test_every_route_opens_to_its_scope_and_to_no_other(
    rest: RestHome, routes: list[tuple[str, str, dict[str, Any]]], who: str
) -> None:
    """A refused write is refused before its input is read, so a wrong body tells what a credential opens: 422."""
    for method, path, said in routes:
        asked = f"{path}?hours=0.1" if path == "/v1/simulate" else path  # a whole day takes longer than a client waits
        answer = rest.ask(method, asked, who, **({"content": b"[]"} if method == "POST" else {}))
        needed = [Scope(scope) for option in said["security"] for scope in option.get("bearer", [])]
        if not needed:
            assert answer.status_code == 200, (method, path, who)
        elif who in REFUSED:
            assert answer.status_code == 401, (method, path, who)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        elif who == "home" or not INCLUDED[Scope(who)].isdisjoint(needed):
            expected = (422,) if method == "POST" else (200, 404, 422)
            assert answer.status_code in expected, (method, path, who, answer.text)
        else:
            assert answer.status_code == 403, (method, path, who)
            assert who == "attempt" or needed[0] in answer.json()["detail"]
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code


def opens(who: str, operation: Operation) -> bool:
    """What the documentation says of scopes, for one cell."""
    if who == "attempt":
        return operation.agents
    return who not in REFUSED and (who == "home" or operation.scope in INCLUDED[Scope(who)])


@pytest.mark.requirement("MCP-1", "SEC-1")
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("server", NAMES)
def test_every_tool_opens_to_its_scope_and_to_no_other(rest: RestHome, server: Any, who: str) -> None:
    if who in REFUSED:
        answer = rest.ask("POST", f"/mcp/{server}", who, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        return
    tools = operations_of(server)

    async def talk() -> tuple[list[str], dict[str, str]]:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {rest.bearers[who]}"}, timeout=60) as http,
            Client(
                streamable_http_client(f"{rest.url}/mcp/{server}", http_client=http), read_timeout_seconds=60
            ) as client,
        ):
            told: dict[str, str] = {}
            for name, operation in tools.items():
                asked = NONSENSE if opens(who, operation) else example_input(operation)
                answer = await client.call_tool(name, asked)
                (words,) = answer.content
                assert answer.is_error
                assert isinstance(words, TextContent)
                told[name] = words.text
            return [tool.name for tool in (await client.list_tools()).tools], told

    listed, told = asyncio.run(talk())
    assert listed == [name for name, operation in tools.items() if opens(who, operation)]
    for name, operation in tools.items():
        expected = "nonsense: there is no such field" if opens(who, operation) else f" may not call `{operation.name}`:"
        assert expected in told[name], (server, name, who)


@pytest.mark.requirement("SEC-1")
@pytest.mark.parametrize("who", WHO)
def test_the_command_lines_own_way_in_opens_no_more_than_the_routes(rest: RestHome, who: str) -> None:
    for name, operation in REGISTRY.items():
        asked = NONSENSE if opens(who, operation) else example_input(operation)
        answer = rest.ask("POST", f"/v1/operations/{name.replace(' ', '/')}", who, json=asked)
        expected = 401 if who in REFUSED else 422 if opens(who, operation) else 403
        assert answer.status_code == expected, (name, who, answer.text)


@pytest.mark.requirement("SEC-1", "EVT-2")
@pytest.mark.parametrize("who", WHO)
def test_the_stream_of_events_opens_to_those_who_may_read(rest: RestHome, who: str) -> None:
    bearer = rest.bearers[who]
    headers = {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    with rest.client.stream("GET", "/v1/events", headers=headers) as answer:
        assert answer.status_code == (401 if who in REFUSED else 200 if opens(who, REGISTRY["events"]) else 403)


@pytest.mark.requirement("SEC-1")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "podium"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
    ids=str,
)
def test_another_host_and_another_page_are_refused_on_every_route(
    rest: RestHome, routes: list[tuple[str, str, dict[str, Any]]], headers: dict[str, str]
) -> None:
    everywhere = [(method, path) for method, path, _ in routes] + [(m, p) for p in OUTSIDE for m in ("GET", "POST")]
    for method, path in everywhere:
        assert rest.ask(method, path, headers=headers).status_code in (400, 403), (method, path)


IDS: Final = (
    "..%2f..%2f..%2fetc%2fpasswd", "../../../etc/passwd", "%2e%2e/%2e%2e/credential", "..%5c..%5ccredential", "%00",
    "a%00b", "%0d%0aX-Forged:%201", "%ff%fe", "-x", "--output=x", "ext::sh%20-c%20x", "file:%2f%2f%2fetc%2fpasswd",
    "%7b%7b7*7%7d%7d", "a" * 30_000,
)  # fmt: skip
PLACES: Final = (
    "/projects/{}", "/jobs/{}", "/instances/{}", "/form/{}", "/form/submit?given={}", "/assets/{}", "/v1/project/{}",
    "/v1/jobs/{}", "/v1/log/{}", "/v1/logs/{}", "/v1/outputs/{}", "/v1/plan/{}", "/v1/operations/{}",
    "/v1/events?after={}", "/review?review={}", "/events?before={}", "/login?code={}", "/mcp/{}", "/{}",
)  # fmt: skip


@pytest.mark.requirement("SEC-3")
def test_no_route_takes_what_is_in_its_place_for_more_than_a_name(rest: RestHome) -> None:
    host, port = rest.url.removeprefix("http://").split(":")
    heads = {"Authorization": f"Bearer {rest.bearers['home']}"}
    secrets = ("root:", str(rest.bearers["home"]))
    with closing(HTTPConnection(host, int(port), timeout=30)) as connection:  # which sends a path as it is
        for place in PLACES:
            for hostile in IDS:
                connection.request("GET", place.format(hostile), headers=heads)
                answer = connection.getresponse()
                said = answer.read().decode("utf-8", "replace")
                assert answer.status < 500, (place, hostile, said[:300])
                assert not [one for one in secrets if one in said], (place, hostile)
                assert answer.getheader("X-Forged") is None, (place, hostile)
        for name in ("..", "..%2f..", "work%00", "a/../../x", "-", "x" * 300):
            connection.request("GET", "/", headers={"Host": f"{name}.localhost:{port}"})
            answer = connection.getresponse()
            assert (answer.status in (403, 404), b"work" in answer.read()) == (True, False), name
        for name in ("-1", "9" * 40, "1;2", "\xb2", "../1"):
            heads |= {"Last-Event-ID": name, "Accept": "text/event-stream"}
            connection.request("GET", "/v1/events", headers=heads)
            answer = connection.getresponse()
            assert (answer.status, "is the number of an event" in answer.read().decode()) == (422, True), name


def test_only_health_answers_without_a_credential(rest: RestHome) -> None:
    assert rest.ask("GET", "/healthz", None).json()["url"] == rest.url
    assert rest.ask("GET", "/readyz", None).json() == {"status": "ready"}
    for path in OUTSIDE:
        assert rest.ask("GET", path, None).status_code == 401, path


@pytest.mark.requirement("API-1", "SEC-1")
def test_a_token_is_refused_from_the_moment_it_is_revoked(rest: RestHome) -> None:
    made = rest.podium.ask("token", "create", "--scope", "read")
    rest.bearers["short"] = made["token"]
    assert rest.ask("GET", "/v1/status", "short").status_code == 200
    assert rest.ask("POST", "/v1/token/revoke", "admin", json={"id": made["id"]}).status_code == 200
    assert rest.ask("GET", "/v1/status", "short").status_code == 401


def test_a_link_opens_a_session_once_and_a_session_writes_only_from_its_own_pages(rest: RestHome) -> None:
    link = rest.podium.ask("open")["url"]
    answer = httpx2.get(link)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert httpx2.get(link).status_code == 401
    session = {"Cookie": cookie.partition(";")[0]}
    assert "Nothing needs you" in rest.ask("GET", "/", None, headers=session).text
    assert rest.ask("GET", "/v1/status", None, headers=session).status_code == 200
    said = {"to": "all", "text": "hello"}
    assert rest.ask("POST", "/v1/messages/send", None, headers=session, json=said).status_code == 403
    own = session | {"Origin": rest.url}
    assert rest.ask("POST", "/v1/messages/send", None, headers=own, json=said).status_code == 200
    forged = {"Cookie": session["Cookie"][:-1] + ("0" if session["Cookie"][-1] != "0" else "1")}
    assert rest.ask("GET", "/v1/status", None, headers=forged).status_code == 401


def test_nobody_but_the_homes_user_makes_a_link_or_speaks_under_another_name(rest: RestHome) -> None:
    assert rest.ask("POST", "/v1/login-link", "admin").status_code == 403
    claim = {"to": "all", "text": "hello", "from": "operator"}
    assert rest.ask("POST", "/v1/messages/send", "operate", json=claim).status_code == 403
    del claim["from"]
    number = rest.ask("POST", "/v1/messages/send", "operate", json=claim).json()["message"]
    told = rest.ask("GET", "/v1/messages/list", params={"limit": 1}).json()["messages"]
    assert (told[0]["id"], told[0]["sender"].split()[0]) == (number, "token")


def samples(text: str) -> dict[str, float]:
    """Prometheus's own reading of an answer: every sample by its name and labels."""
    families = text_string_to_metric_families(text)
    return {f"{one.name}{[*one.labels.values()]}": one.value for family in families for one in family.samples}


@pytest.mark.requirement("MET-1")
def test_prometheus_reads_how_things_stand_and_what_is_counted(rest: RestHome) -> None:
    before = samples(rest.ask("GET", "/metrics", "read").text)
    assert "podium_projects_ended_total['cancelled']" in before, "told before there is any: an increase is seen"
    asked = {"title": "Counted", "brief": "x", "id": "counted", "agent": "waiter"}
    assert rest.ask("POST", "/v1/submit", "operate", json=asked).status_code == 200
    rest.podium.until("any(row['project'] == 'counted' for row in answer['instances'])", "instances")
    answer = rest.ask("GET", "/metrics", "read")
    assert answer.headers["content-type"].startswith("text/plain")
    now = samples(answer.text)
    assert now["podium_instances_busy[]"] == before["podium_instances_busy[]"] + 1
    assert now["podium_queue_running['genesis']"] == before["podium_queue_running['genesis']"] + 1
    assert now["podium_jobs_started_total['genesis']"] - before["podium_jobs_started_total['genesis']"] == 1
    open_metrics = rest.ask("GET", "/metrics", "read", headers={"Accept": "application/openmetrics-text"})
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
    assert rest.ask("POST", "/v1/cancel", json={"project": "counted"}).status_code == 200


@pytest.mark.requirement("MET-1")
def test_the_dashboard_for_grafana_asks_for_nothing_that_is_not_served(rest: RestHome) -> None:
    dashboard = (ROOT / "docs" / "grafana" / "podium.json").read_text()
    panels = json.loads(dashboard)["panels"]
    asked = {name for panel in panels for one in panel["targets"] for name in re.findall(r"(\w+)\{", one["expr"])}
    asked |= set(re.findall(r"label_values\((\w+),", dashboard))
    families = [*text_string_to_metric_families(rest.ask("GET", "/metrics").text)]
    served_names = {family.name + "_total" * (family.type == "counter") for family in families}
    assert asked <= served_names
    ours = {name for name in served_names if name.startswith("podium_")}
    assert ours - asked == {"podium_queue_running", "podium_queue_held"}, "what the dashboard leaves out"


@pytest.mark.requirement("API-1")
def test_a_key_in_the_header_makes_one_project(rest: RestHome) -> None:
    rest.podium.ask("submit", "--title", "Fill", "--brief", "x", "--not-before", "1d")
    asked = {"title": "Once", "brief": "Say hello.", "not_before": "1d"}
    answers = [
        rest.ask("POST", "/v1/submit", "operate", json=asked, headers={"Idempotency-Key": "k1"}).json()
        for _ in range(2)
    ]
    assert [answer["created"] for answer in answers] == [True, False]
    assert answers[0]["project"] == answers[1]["project"]
    both = asked | {"idempotency_key": "other"}
    assert rest.ask("POST", "/v1/submit", json=both, headers={"Idempotency-Key": "k1"}).status_code == 422


def test_every_write_is_on_record_with_its_caller_and_its_outcome(rest: RestHome) -> None:
    last = rest.ask("GET", "/v1/events").json()["last"]
    rest.ask("POST", "/v1/pause", "read", json={"project": "nothing", "reason": "try"})
    told = rest.ask("GET", "/v1/events", params={"after": last}).json()["events"]
    assert [(e["type"], e["data"]["outcome"], e["data"]["given"]["reason"]) for e in told] == [
        ("operation.called", "refused: forbidden", "try")
    ]
    assert told[0]["data"]["by"].startswith("token ")


def test_a_number_that_no_database_takes_is_refused_in_words(rest: RestHome) -> None:
    for path in (f"/v1/why/{10**20}", f"/v1/events?after={10**20}"):
        answer = rest.ask("GET", path)
        assert (answer.status_code, "beyond" in answer.json()["detail"]) == (422, True), path


def test_a_request_that_is_too_large_is_refused(rest: RestHome) -> None:
    assert rest.ask("POST", "/v1/submit", content=b" " * (16 * 2**20 + 1)).status_code == 413


def test_what_is_not_there_is_told_as_a_problem_below_the_mounts_too(rest: RestHome) -> None:
    for path in ("/nothing", "/v1/nothing", "/mcp/nothing"):
        answer = rest.ask("GET", path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
