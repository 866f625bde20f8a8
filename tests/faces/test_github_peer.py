"""A GitHub on this machine as a real peer: an issue there becomes a project with all that belongs to it there."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import apsw
import httpx2
import pytest

from podium.clock import SteadyClock
from podium.domain.errors import Unavailable
from podium.hosts.forge import checks
from podium.integrations.github.client import Api
from podium.store.store import DATABASE
from tests.conformance.npm_agents import NoAgents, emulate
from tests.faces.command_line import CommandLine

TOKEN: Final = "a_token"
SECONDS: Final = 90.0
SEED: Final = {
    "tokens": {TOKEN: {"login": "ada", "scopes": ["repo", "user"]}},
    "github": {
        "users": [{"login": "ada", "email": "ada@example.com"}],
        "repos": [{"owner": "ada", "name": "ideas", "auto_init": True}],
    },
}
CONFIG: Final = """
[github]
owner = "ada"
inbox = ["ada/ideas"]
webhook_url = "{}"
checks_seconds = 0
interval_seconds = 0.5
"""
ISSUE: Final = {"title": "Greeter", "body": "A command that greets.\n\n## Features\n\n1. Greet by name: say hello\n"}


def environ(url: str) -> dict[str, str]:
    """What the orchestrator reads of its environment."""
    return {"PODIUM_GITHUB_TOKEN": TOKEN, "PODIUM_GITHUB_API_URL": url}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """The emulator, and somebody who may write there."""
    folder, port = tmp_path_factory.mktemp("github"), free_port()
    (folder / "seed.json").write_text(json.dumps(SEED))
    try:
        command = [*emulate(), "start", "--service", "github", "--port", str(port), "--seed", str(folder / "seed.json")]
    except NoAgents as error:
        pytest.skip(str(error))
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
            until(lambda: answers(client))
            yield client
        process.terminate()


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/user").status_code == 200
    except httpx2.HTTPError:
        return False


def released(client: httpx2.Client, place: str) -> dict[str, Any]:
    """The one release, once it is there."""
    answer = client.get(f"{place}/releases")
    return answer.json()[0] if answer.status_code == 200 and answer.json() else {}


def forget_answers(home: Path) -> None:
    """As a crash leaves it that comes between a marker and the answer to the call, for everything at once."""
    with closing(apsw.Connection(str(home / DATABASE))) as database:
        database.execute("UPDATE outside SET about = json_remove(about, '$.id') WHERE key GLOB 'gh:greeter/[^m]*'")
        database.execute("DELETE FROM outside WHERE key = 'gh:greeter/done'")


def marks(home: Path) -> set[str]:
    """The keys of all that is known to be there."""
    with closing(apsw.Connection(str(home / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)) as database:
        return {str(key) for (key,) in database.execute("SELECT key FROM outside")}


def until(what: Callable[[], Any]) -> Any:
    """Ask until the answer is true."""
    deadline = time.monotonic() + SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return found


@pytest.mark.requirement("GIT-1", "GIT-3", "GIT-5", "INT-1")
def test_an_issue_becomes_a_project_with_all_that_belongs_to_it(github: httpx2.Client, tmp_path: Path) -> None:
    podium, port = CommandLine(tmp_path / "home"), str(free_port())
    hook = f"http://127.0.0.1:{port}/webhooks/github"
    podium.env |= {"PODIUM_GITHUB_TOKEN": TOKEN, "PODIUM_GITHUB_API_URL": str(github.base_url).rstrip("/")}
    podium.env["PODIUM_GITHUB_WEBHOOK_SECRET"] = "a secret"
    podium.ask("init")
    with (podium.home / "podium.toml").open("a") as file:
        file.write(CONFIG.format(hook))
    podium.ask("up", "--port", port)
    try:
        config = {"url": hook, "secret": "a secret", "content_type": "json"}
        github.post("/repos/ada/ideas/hooks", json={"name": "web", "config": config, "events": ["*"]})
        github.post("/repos/ada/ideas/issues", json=ISSUE)
        place = "/repos/ada/greeter"
        release = until(lambda: released(github, place))
        assert (release["tag_name"], release["target_commitish"]) == ("v1", "main")
        pulls = github.get(f"{place}/pulls?state=all").json()
        assert all(pull["merged_at"] for pull in pulls)
        feature = next(pull for pull in pulls if pull["title"] == "Greet by name")
        assert "| review | dev-0" in feature["body"]
        issues = github.get(f"{place}/issues?state=all").json()
        assert [(one["title"], one["state"]) for one in issues if "pull_request" not in one] == [
            ("Greet by name", "closed")
        ]
        asked = github.get("/repos/ada/ideas/issues/1").json()
        (comment,) = github.get("/repos/ada/ideas/issues/1/comments").json()
        assert (asked["state"], "**Greeter** is complete" in comment["body"]) == ("closed", True)
        command, repository = (
            ["git", "ls-tree", "-r", "--name-only", "main"],
            podium.home / "projects/greeter/repository",
        )
        local = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.split()
        there = github.get(f"{place}/git/trees/main?recursive=1").json()["tree"]
        assert sorted(one["path"] for one in there if one["type"] == "blob") == sorted(local)
        assert [row["id"] for row in podium.ask("projects")["projects"]] == ["greeter"]
        came = podium.ask("github", "deliveries")["deliveries"]
        assert not [row for row in came if row["key"].startswith("github:sweep/")]  # its webhooks were enough
        assert "an echo of what Podium wrote" in {row["outcome"] for row in came}

        podium("down")
        forget_answers(podium.home)
        github.post("/repos/ada/ideas/issues", json={**ISSUE, "title": "Missed"})  # nobody is there to hear of it
        podium.ask("up", "--port", port)
        podium.until("any(row['id'] == 'missed' for row in answer['projects'])", "projects")
        assert [row["id"] for row in podium.ask("projects")["projects"]] == ["missed", "greeter"]
        until(lambda: "gh:greeter/done" in marks(podium.home))
        assert len(github.get(f"{place}/releases").json()) == 1  # what was made is found, and not made again
        assert github.get(f"{place}/issues?state=all").json() == issues
        assert len(github.get("/repos/ada/ideas/issues/1/comments").json()) == 1
    finally:
        podium("down")


@pytest.mark.requirement("GIT-3")
def test_only_what_every_check_calls_good_is_green(github: httpx2.Client) -> None:
    github.post("/user/repos", json={"name": "checked", "auto_init": True})
    place = "/repos/ada/checked"
    head = github.get(f"{place}/git/ref/heads/main").json()["object"]["sha"]

    def green() -> bool:
        async def ask() -> bool:
            api = Api(environ(str(github.base_url)), SteadyClock())
            try:
                return all(verdict for verdict, _ in await checks(api, place, head))
            finally:
                await api.aclose()

        return asyncio.run(ask())

    assert green()  # nothing checks it
    run = github.post(f"{place}/check-runs", json={"name": "ci", "head_sha": head, "status": "in_progress"}).json()
    assert not green()
    for conclusion, expected in (("failure", False), ("success", True)):
        done = {"status": "completed", "conclusion": conclusion}
        github.patch(f"{place}/check-runs/{run['id']}", json=done)
        assert green() is expected


@pytest.mark.requirement("REC-9", "SEC-1")
def test_github_that_is_away_is_trouble_and_the_token_goes_nowhere_else() -> None:
    async def ask(url: str) -> None:
        api = Api(environ(f"http://127.0.0.1:{free_port()}"), SteadyClock())
        try:
            await api.getitem(url)
        finally:
            await api.aclose()

    with pytest.raises(Unavailable, match="cannot be reached"):
        asyncio.run(ask("/user"))
    with pytest.raises(Unavailable, match="nothing is asked there"):
        asyncio.run(ask("https://example.com/user"))
