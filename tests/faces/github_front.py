"""What the emulator of GitHub lacks, as a server in front of it, built from GitHub's documentation of its REST API.

It serves repositories to git itself (`git http-backend`) and says of a repository what the asker may do there. It lets
an App make repositories in an organisation ("Create an organization repository" works with installation access tokens
that have "Administration" repository permissions, write), and keeps Pages ("Create a GitHub Pages site": 201, 409 where
there is one, 422). All else is the emulator's.
"""

import base64
import json
import os
import re
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, cast

import httpx2

from tests.faces.github_emulator import TOKEN
from tests.unit.workspace.work import git

SAID: Final = ("content-type", "etag", "link", "retry-after")
"""Headers that are handed on."""


class Front:
    """The server, and what it keeps."""

    def __init__(self, github: httpx2.Client, folder: Path) -> None:
        self.github, self.folder = github, folder
        self.anybody = httpx2.Client(base_url=github.base_url, timeout=30)
        """Without a token."""
        self.asked: list[str] = []
        """Every call, as its method and path."""
        self.tokens: dict[str, dict[str, Any]] = {}
        """Those of installations, with what each may do."""
        self.pages: dict[str, dict[str, Any]] = {}
        self.refuses_pages = ""
        """Why no site can be made."""
        self.pages_answer = 0
        """The status with which all about sites is answered, whatever there is."""
        self.moved = False
        """Whether files are taken elsewhere, as where a repository was renamed."""
        self.on_upload: Callable[[], None] = lambda: None
        """Called when files come over the API."""
        self.unseen = 0
        """So many looks at sites find none yet, as when somebody else makes one in between."""
        self.url = ""

    def mirror(self, name: str) -> Path:
        """A repository of the emulator's as it is now, object by object, for git to be served."""
        path = self.folder / f"{name}.git"
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--bare", "--initial-branch=main")
        about = self.github.get(f"/repos/{name}/git/ref/heads/main").json()["object"]["sha"]
        commit = self.github.get(f"/repos/{name}/git/commits/{about}").json()
        assert commit["parents"] == []
        rows = list[str]()
        for one in self.github.get(f"/repos/{name}/git/trees/{commit['tree']['sha']}").json()["tree"]:
            blob = self.github.get(f"/repos/{name}/git/blobs/{one['sha']}").json()
            content = base64.b64decode(blob["content"]) if blob["encoding"] == "base64" else blob["content"].encode()
            command = ["git", "hash-object", "-w", "--stdin"]
            subprocess.run(command, cwd=path, input=content, check=True, capture_output=True)
            rows.append(f"{one['mode']} blob {one['sha']}\t{one['path']}\n")
        made = subprocess.run(
            ["git", "mktree"], cwd=path, input="".join(rows).encode(), check=True, capture_output=True
        )
        people = {
            f"GIT_{who.upper()}_{key.upper()}": commit[who][key]
            for who in ("author", "committer")
            for key in ("name", "email", "date")
        }
        command = ["git", "commit-tree", made.stdout.decode().strip(), "-m", commit["message"]]
        ours = subprocess.run(command, cwd=path, env=os.environ | people, check=True, capture_output=True, text=True)
        assert ours.stdout.strip() == about, "the emulator's ids are git's"
        git(path, "update-ref", "refs/heads/main", about)
        return path


class _Handler(BaseHTTPRequestHandler):
    front: Front

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        path = self.path.partition("?")[0]
        self.front.asked.append(f"{self.command} {path}")
        if "/info/refs" in path or path.endswith("/git-upload-pack"):
            self._git(path, body)
        elif path.startswith("/orgs/") and path.endswith("/repos") and "ghs_" in self.headers["authorization"]:
            self._make(path, body)
        elif path.startswith("/repos/") and path.endswith("/pages"):
            self._pages(path.removeprefix("/repos/").removesuffix("/pages"), body)
        else:
            self._hand_on(self.headers["authorization"], body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _json(self, status: int, about: Any) -> None:
        self._answer(status, json.dumps(about).encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _hand_on(self, authorization: str | None, body: bytes) -> None:
        if self.command == "POST" and self.path.endswith(("/git/blobs", "/git/trees")):
            self.front.on_upload()
            if self.front.moved:
                self._json(307, {"message": "Moved Permanently"})
                return
        own = ("host", "connection", "authorization")
        kept = {name: value for name, value in self.headers.items() if name.lower() not in own}
        headers = kept | ({"Authorization": authorization} if authorization else {})
        answer = self.front.anybody.request(self.command, self.path, headers=headers, content=body)
        if self.command == "GET" and re.fullmatch("/repos/[^/]+/[^/]+", self.path) and answer.status_code == 200:
            self._json(200, {**answer.json(), "permissions": self._rights()})
            return
        if self.path.endswith("/access_tokens") and answer.status_code == 201:
            issued = self.front.github.get("/_emulate/installation-tokens").json()["installation_tokens"][-1]
            self.front.tokens[answer.json()["token"]] = issued
        theirs, ours = str(self.front.github.base_url).rstrip("/"), self.front.url
        said = {name: value.replace(theirs, ours) for name, value in answer.headers.items() if name.lower() in SAID}
        self._answer(answer.status_code, answer.content.replace(theirs.encode(), ours.encode()), said)

    def _rights(self) -> dict[str, bool]:
        """What who asks may do there; the emulator says of each repository that it is open to all."""
        asked = f"{self.path}/collaborators/ada/permission"
        level = self.front.github.get(asked).json().get("permission", "none")
        return {"admin": level == "admin", "push": level in ("admin", "write", "push"), "pull": level != "none"}

    def _make(self, path: str, body: bytes) -> None:
        """Only the token of an installation in that organisation, with administration, makes a repository."""
        known = self.front.tokens.get(self.headers["authorization"].rpartition(" ")[2])
        if known is None or known["account"]["login"] != path.split("/")[2]:
            self._json(401, {"message": "Bad credentials"})
        elif known["permissions"].get("administration") != "write":
            self._json(403, {"message": "Resource not accessible by integration"})
        else:
            self._hand_on(f"Bearer {TOKEN}", body)

    def _pages(self, name: str, body: bytes) -> None:
        found = self.front.pages.get(name)
        if status := self.front.pages_answer:
            self._json(status, {"message": "Resource not accessible by integration" if status == 403 else "Moved"})
            return
        if self.command == "GET":
            self.front.unseen, is_seen = max(0, self.front.unseen - 1), not self.front.unseen
            self._json(200 if found and is_seen else 404, found if found and is_seen else {"message": "Not Found"})
            return
        source = json.loads(body)["source"]
        command = ["git", "rev-parse", "--verify", f"refs/heads/{source['branch']}"]
        served = subprocess.run(command, cwd=self.front.folder / f"{name}.git", capture_output=True, check=False)
        kept = self.front.github.get(f"/repos/{name}/git/ref/heads/{source['branch']}")
        if found:
            self._json(409, {"message": "GitHub Pages is already enabled."})
        elif self.front.refuses_pages or (served.returncode and kept.status_code != 200):
            self._json(422, {"message": self.front.refuses_pages or "The branch does not exist."})
        else:
            owner, _, repository = name.partition("/")
            self.front.pages[name] = {
                "url": f"{self.front.url}/repos/{name}/pages", "status": None, "cname": None, "custom_404": False,
                "html_url": f"https://{owner}.github.io/{repository}/", "build_type": "legacy", "source": source,
                "public": True, "https_enforced": True, "protected_domain_state": None,
                "pending_domain_unverified_at": None,
            }  # fmt: skip
            self._json(201, self.front.pages[name])

    def _git(self, path: str, body: bytes) -> None:
        """As CGI: https://git-scm.com/docs/git-http-backend."""
        parts = path.split("/", 3)
        place = f"/{parts[1]}/{parts[2].removesuffix('.git')}.git/{parts[3]}"
        env = os.environ | {
            "GIT_PROJECT_ROOT": str(self.front.folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": place,
            "REQUEST_METHOD": self.command, "QUERY_STRING": self.path.partition("?")[2],
            "CONTENT_TYPE": self.headers.get("content-type", ""), "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], env=env, input=body, capture_output=True, check=True)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._answer(int(headers.pop("Status", "200").split()[0]), rest, headers)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def fronted(github: httpx2.Client, folder: Path) -> Generator[Front]:
    """The emulator with a front."""
    front = Front(github, folder)
    handler = cast("type[_Handler]", type("Handler", (_Handler,), {"front": front}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    front.url = f"http://127.0.0.1:{server.server_port}"
    yield front
    server.shutdown()
    thread.join()
    server.server_close()
    front.anybody.close()


def pulls(github: httpx2.Client, name: str) -> list[dict[str, Any]]:
    """All pull requests, in order."""
    found = github.get(f"/repos/{name}/pulls?state=all&per_page=100").json()
    return sorted(found, key=lambda pull: pull["number"])


def files(github: httpx2.Client, name: str, ref: str = "main") -> set[str]:
    tree = github.get(f"/repos/{name}/git/trees/{ref}?recursive=1").json()["tree"]
    return {one["path"] for one in tree if one["type"] == "blob"}


def check(github: httpx2.Client, name: str, pull: dict[str, Any], conclusion: str) -> None:
    told = {"name": "ci", "head_sha": pull["head"]["sha"], "status": "completed", "conclusion": conclusion,
            "output": {"title": "tests", "summary": "expected 1, got 2"}}  # fmt: skip
    assert github.post(f"/repos/{name}/check-runs", json=told).status_code == 201


def issue(github: httpx2.Client, name: str) -> int:
    return github.post(f"/repos/{name}/issues", json={"title": "Wish", "body": "x"}).json()["number"]


def writes(front: Front) -> list[str]:
    """What was asked of GitHub's that changes something, as `METHOD path`."""
    return [call for call in front.asked if call.partition(" ")[0] not in ("GET", "HEAD") and "upload-pack" not in call]
