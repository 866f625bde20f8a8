"""A GitHub on this machine, and a project of a desk that is kept there by looks that a test asks for."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from podium.config import GitHubConfig
from podium.domain.job import Job
from podium.hosts.forge import Forge
from podium.operations.arrivals import missed
from podium.workspace.layout import Home
from podium.workspace.repository import Merged, Repositories
from tests.conformance.npm_agents import emulate
from tests.unit.operations.desktop import Desktop
from tests.unit.workspace.work import git

TOKEN: Final = "ghp_of_a_test_alone"
HERS: Final = "ghp_of_grace"
"""Of somebody else."""
SECONDS: Final = 90.0
KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
).decode()  # fmt: skip
"""Of an App."""
RIGHTS: Final = {
    "administration": "write", "contents": "write", "issues": "write", "pull_requests": "write", "checks": "read",
    "statuses": "read", "actions": "read", "metadata": "read", "repository_hooks": "write",
}  # fmt: skip
"""What docs/github.md asks for an App."""
SEED: Final = {
    "tokens": {TOKEN: {"login": "ada", "scopes": ["repo", "user"]}, HERS: {"login": "grace", "scopes": ["repo"]}},
    "github": {
        "users": [{"login": name, "email": f"{name}@example.com"} for name in ("ada", "grace")],
        "orgs": [{"login": "guild", "members": [{"login": "ada", "role": "admin"}]}],
        "repos": [
            {"owner": owner, "name": name, "auto_init": True}
            for owner, names in (
                (
                    "ada",
                    (
                        "ideas",
                        "missed",
                        "taken",
                        "old",
                        "ripe",
                        "worn",
                        "heard",
                        "lived",
                        "shown",
                        "said",
                        "picky",
                        "early",
                        "stuck",
                    ),
                ),
                ("grace", ("hers",)),
                ("guild", ("apped", "said")),
            )
            for name in names
        ],
        "apps": [
            {
                "app_id": 7,
                "slug": "podium",
                "name": "Podium",
                "private_key": KEY,
                "permissions": RIGHTS,
                "installations": [{"installation_id": 70, "account": "guild"}],
            }
        ],
    },
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environ(url: str) -> dict[str, str]:
    """What the orchestrator reads of its environment."""
    return {"PODIUM_GITHUB_TOKEN": TOKEN, "PODIUM_GITHUB_API_URL": url.rstrip("/")}


@contextmanager
def emulated(folder: Path) -> Generator[httpx2.Client]:
    """The emulator, and somebody who may write there; raises NoAgents."""
    port, log = free_port(), folder / "log"
    (folder / "seed.json").write_text(json.dumps(SEED))
    command = [*emulate(), "start", "--service", "github", "--port", str(port), "--seed", str(folder / "seed.json")]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=folder) as process:
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


def until(what: Callable[[], Any]) -> Any:
    """Ask until the answer is true."""
    deadline = time.monotonic() + SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


class Died(BaseException):
    """As `kill -9`: nobody catches it."""


class Kept:
    """A desk whose projects are kept on GitHub; everything happens when the test asks for it."""

    def __init__(self, home: Path, url: str, **config: Any) -> None:
        self.desktop, self.home = Desktop(home), Home(home)
        chosen = {"owner": "ada", "interval_seconds": 1.0, "checks_seconds": 1e6, **config}
        self.desktop.github = GitHubConfig.model_validate(chosen)
        self.repositories = Repositories(self.home)
        self.runner = asyncio.Runner()
        self.forge = self.runner.run(self._forge(url))

    def restart(self, url: str, writes_max: int) -> None:
        """A new orchestrator, which dies right after so many writes were answered."""
        self.runner.run(self.forge.api.aclose())
        self.forge = self.runner.run(self._forge(url))
        client, left = self.forge.api._client, writes_max
        ask = client.request

        async def request(method: str, url: str, **more: Any) -> httpx2.Response:
            nonlocal left
            answer = await ask(method, url, **more)
            left -= method != "GET"
            if left < 0 or (left == 0 and method != "GET"):
                raise Died
            return answer

        client.request = cast("Any", request)

    async def _forge(self, url: str) -> Forge:
        desktop = self.desktop

        async def receive(key: str, event: str, payload: Any) -> None:
            await missed(desktop.context(), key, event, payload)

        store, clock = cast("Any", desktop), desktop.clock
        env = environ(url)
        if desktop.github.app_id:
            del env["PODIUM_GITHUB_TOKEN"]
        return Forge(self.home.path, desktop.github, env, store, clock, receive)

    def look(self, seconds: float = 0.0) -> float:
        """One look, so much later; the seconds until the next."""
        self.desktop.desk.now += seconds
        return self.runner.run(self.forge.run_once())

    def develop(self, name: str, issues: int = 1, where: str | None = None, origin: str = "test") -> list[Job]:
        """Take a project to where its features are merged, with a repository; the jobs that merge them.

        It works on the repository at the address `where`, and comes from `origin`.
        """
        desk = self.desktop.desk
        asked = desk.submission(name)
        desk.do(asked._replace(project=replace(asked.project, repository_url=where, source=origin)))
        self.last = desk.run_to("performance", issues)
        self.runner.run(self.repositories.create(name, where))
        return [job for job in desk.jobs("merge") if job.project == name]

    def complete(self) -> None:
        """Let everything of what was developed last pass to its end."""
        self.desktop.desk.finish(self.last)
        self.desktop.desk.finish(self.desktop.desk.run_to("publish"))

    def merge(self, job: Job, **files: str | bytes) -> str:
        """What a job's merge does: a commit with these files, brought into main."""
        path, clone = self.home.repository(job.project), self.home.path / f"clone-{time.monotonic_ns()}"
        git(path.parent, "clone", "--quiet", "--no-local", str(path), str(clone))
        for file, text in files.items():
            (clone / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--allow-empty", "--message=Work")
        made = git(clone, "rev-parse", "HEAD")
        git(path, "fetch", "--quiet", str(clone), f"HEAD:refs/podium/attempts/test.{made[:12]}")
        merging = self.repositories.merge(job.project, [made], f"{job.project}/{job.id}", "Merge it", lambda: True)
        merged = self.runner.run(merging)
        assert isinstance(merged, Merged)
        return merged.commit

    def close(self) -> None:
        """Let go of what is open."""
        self.runner.run(self.forge.api.aclose())
        self.runner.close()
        self.desktop.clock.close()
        self.desktop.desk.store.close()
