"""Deployments that go beyond this machine: by a declared command, or to a branch; and what is served from here."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from podium import config
from podium.config import DeployConfig
from podium.domain.attempt import Ending, Report
from podium.domain.errors import UsageError
from podium.faces.rest.server import Sites
from podium.hosts.inprocess import InProcessHost
from podium.hosts.own_steps import OwnSteps
from podium.hosts.pages import Pages
from tests.unit.hosts.world import PROJECT, World, brief_of, end_of, make_assignment, make_lease
from tests.unit.workspace.work import commit, git, main_of

SHIP = """
import os, pathlib, sys
print(sorted(set(os.environ) - {"LC_CTYPE"}), pathlib.Path("public/index.html").read_text(), os.environ["TOKEN"])
with open(os.environ["COUNT"], "a") as count:
    count.write(os.environ["PODIUM_COMMIT"] + "\\n")
print("https://ship.example/" + os.environ["PODIUM_PROJECT"])
sys.exit(pathlib.Path(os.environ["COUNT"] + ".fail").exists())
"""
PAGE: dict[str, str | None] = {"public/index.html": "hello", "public/a/b.txt": "b", "secret.py": "s"}


@pytest.fixture
def root(world: World, loop: asyncio.Runner) -> str:
    return loop.run(world.repositories.main(PROJECT))


def deploy(
    world: World, loop: asyncio.Runner, made: str, *, is_mine: bool = True, is_lost: bool = False, **targets: Any
) -> Report:
    """What comes of the step `deploy`; the lease `is_lost` right when it is recorded what is about to be pushed."""
    lease = make_lease(queue="podium")

    async def submit(_: object) -> None:
        nonlocal is_mine
        is_mine = is_mine and not is_lost

    async def go() -> Report:
        beyond = {name: DeployConfig(**given) for name, given in targets.items()}
        served = "http://{project}.localhost:8420/"
        host = InProcessHost(
            OwnSteps(world.home, world.repositories, lambda _: is_mine, Pages(submit), beyond, served).act
        )
        assignment = make_assignment(lease, agent="podium:deploy", bases=(made,))
        return await end_of(await host.start(lease, brief_of(assignment)))

    return loop.run(go())


@pytest.mark.requirement("GIT-4")
def test_a_project_without_a_target_is_served_from_here(
    world: World, loop: asyncio.Runner, tmp_path: Path, root: str
) -> None:
    other: dict[str, Any] = {"projects": ["web-*"], "command": ["false"]}
    report = deploy(world, loop, commit(world.home, tmp_path, root, PAGE), prod=other)
    (application,) = report.artifacts
    assert (application.data["target"], application.data["url"]) == ("local", f"http://{PROJECT}.localhost:8420/")


@pytest.mark.requirement("GIT-4")
def test_a_command_is_run_once_with_its_own_environment_and_says_where_it_can_be_seen(
    world: World, loop: asyncio.Runner, tmp_path: Path, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tmp_path / "count"
    monkeypatch.setenv("TOKEN", "hush")
    python = next(path for path in ("/usr/bin/python3", os.path.realpath("/proc/self/exe")) if Path(path).exists())
    target: dict[str, Any] = {"projects": [PROJECT], "command": [python, "-I", "-c", SHIP], "pass_env": ["TOKEN"]}
    target["env"] = {"COUNT": str(count)}
    made = commit(world.home, tmp_path, root, PAGE)
    Path(f"{count}.fail").touch()
    failed = deploy(world, loop, made, prod=target)
    assert failed.verdict == "rework"
    assert "['COUNT', 'PATH', 'PODIUM_COMMIT', 'PODIUM_PROJECT', 'TOKEN'] hello ***" in failed.feedback
    assert "hush" not in failed.feedback
    Path(f"{count}.fail").unlink()
    stale = deploy(world, loop, made, is_mine=False, prod=target)
    assert stale.ending is Ending.CANCELLED
    for _ in range(2):
        (application,) = deploy(world, loop, made, prod=target).artifacts
        assert application.data["url"] == f"https://ship.example/{PROJECT}"
        assert application.data["target"] == "prod"
    assert count.read_text().split() == [main_of(world.home)] * 2, "once when it failed, once when it did not"


@pytest.mark.parametrize(
    ("command", "seconds", "said"),
    [("/nowhere/ship", 5, "could not be run: No such file"), ("sleep 60", 0.2, "it took longer than 0.2 s")],
)
def test_a_command_that_cannot_be_run_is_no_fault_of_the_work(
    world: World, loop: asyncio.Runner, tmp_path: Path, root: str, command: str, seconds: float, said: str
) -> None:
    target: dict[str, Any] = {"projects": ["*"], "command": command.split(), "timeout_seconds": seconds}
    report = deploy(world, loop, commit(world.home, tmp_path, root, PAGE), prod=target)
    assert report.ending is not Ending.FINISHED
    assert said in str(report)


@pytest.mark.requirement("GIT-4")
def test_the_pages_branch_gets_the_pages_folder_and_nothing_else(
    world: World, loop: asyncio.Runner, tmp_path: Path, root: str
) -> None:
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    target: dict[str, Any] = {"projects": ["*"], "repository": str(remote), "url": "https://team.example/app/"}
    for text in ("one", "two"):
        root = commit(world.home, tmp_path, root, {**PAGE, "public/index.html": text})
        (application,) = deploy(world, loop, root, pages=target).artifacts
        assert application.data["url"] == "https://team.example/app/"
        show = ["git", "-C", str(remote), "ls-tree", "-r", "--name-only", "gh-pages"]
        assert subprocess.run(show, check=True, capture_output=True, text=True).stdout.split() == [
            "a/b.txt",
            "index.html",
        ]
        page = subprocess.run(
            ["git", "-C", str(remote), "show", "gh-pages:index.html"], check=True, capture_output=True
        )
        assert page.stdout == text.encode()


@pytest.mark.requirement("GIT-4", "INS-4")
def test_an_attempt_that_loses_its_lease_right_before_it_pushes_moves_no_branch(
    world: World, loop: asyncio.Runner, tmp_path: Path, root: str
) -> None:
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    target: dict[str, Any] = {"projects": ["*"], "repository": str(remote)}
    made = commit(world.home, tmp_path, root, PAGE)
    assert deploy(world, loop, made, is_lost=True, pages=target).ending is Ending.CANCELLED
    assert git(remote, "branch", "--list") == ""
    assert deploy(world, loop, made, pages=target).verdict == "passed"
    assert git(remote, "show", "gh-pages:index.html") == "hello"


@pytest.mark.requirement("GIT-4", "SEC-1")
def test_a_site_has_its_own_host_name_and_shows_its_own_files_alone(
    world: World, loop: asyncio.Runner, tmp_path: Path, root: str
) -> None:
    deploy(world, loop, commit(world.home, tmp_path, root, PAGE))
    sites = Sites(PlainTextResponse("podium", headers={"Set-Cookie": "podium=1"}), world.home)

    def get(host: str, path: str, method: str = "GET") -> tuple[int, bytes]:
        sent: list[Any] = []
        headers = [(b"host", host.encode()), (b"cookie", b"podium_session=x")]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": headers,
        }

        async def receive() -> Any:
            await asyncio.Event().wait()  # nobody hangs up

        async def send(message: Any) -> None:
            sent.append(message)

        loop.run(sites(scope, receive, send))
        ours = host.partition(":")[0] in ("localhost", "127.0.0.1")
        assert ours == (b"set-cookie" in dict(sent[0]["headers"]))
        return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])

    assert get(f"{PROJECT}.localhost:8420", "/") == (200, b"hello")
    assert get(f"{PROJECT.upper()}.localhost", "/a/b.txt") == (200, b"b")
    assert get(f"{PROJECT}.localhost", "/", "POST")[0] == 405
    for path in ("/../secret.py", "/%2e%2e/secret.py", "/v1/status", "/a/../../secret.py"):
        assert get(f"{PROJECT}.localhost", path)[0] == 404, path
    for host in ("none.localhost", ".localhost", "_.localhost"):
        assert get(host, "/")[0] == 404, host
    for host in ("localhost", "127.0.0.1:8420"):
        assert get(host, "/") == (200, b"podium")


@pytest.mark.requirement("GIT-4", "SEC-3")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('command = ["x"]', "deploy.prod.projects: Field required"),
        ('projects = []\ncommand = ["x"]', "deploy.prod.projects"),
        ('projects = ["a/../b"]\ncommand = ["x"]', "deploy.prod.projects.0"),
        ('projects = ["*"]', "give either a command or a repository"),
        ('projects = ["*"]\ncommand = ["x"]\nrepository = "/r"', "give either a command or a repository"),
        ('projects = ["*"]\nrepository = "--upload-pack=x"', "deploy.prod.repository"),
        ('projects = ["*"]\nrepository = "ext::sh -c x"', "deploy.prod.repository"),
        ('projects = ["*"]\nrepository = "/r"\nbranch = "--all"', "deploy.prod.branch"),
        ('projects = ["*"]\ncommand = ["x"]\nurl = "javascript:x"', "deploy.prod.url"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_on_start(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / config.FILE).write_text(f"[deploy.prod]\n{line}\n")
    with pytest.raises(UsageError) as refused:
        config.load(tmp_path)
    assert said in str(refused.value)
