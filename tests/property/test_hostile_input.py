"""What comes in from outside, by every operation and every delivery: no traversal, no injection, no defect (SEC-3)."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pytest

from podium.domain.errors import Defect, PodiumError, UsageError
from podium.domain.project import checked_id
from podium.integrations import alerts
from podium.integrations.github import deliveries
from podium.operations.arrivals import receive
from podium.operations.catalogue import REGISTRY
from podium.operations.invoke import invoke
from podium.operations.operation import Operation, understood
from podium.workspace import source
from tests.faces.operation_cases import CASES
from tests.simulation.checkers import check
from tests.unit.operations.desktop import Desktop

MARK: Final = "canary7f3a"
HOSTILE: Final = (
    f"../../{MARK}", f"x/../../{MARK}", f"/etc/{MARK}", f"..\\{MARK}", f"~/{MARK}", f"a/%2e%2e/{MARK}", "..", ".", "",
    f"{MARK}\nx: y", f"{MARK}\r\nX-Forged: 1", f"\x1b]0;{MARK}\x07", f"\u202e{MARK}", f"{MARK}\u2028", " ",
    f"-{MARK}", f"--upload-pack=touch {MARK}", f"--output={MARK}", f"-oProxyCommand=touch {MARK}",
    f"ext::sh -c touch% {MARK}", f"fd::17/{MARK}", f"file:///etc/{MARK}", f"FILE://host/{MARK}",
    f"ssh://-oProxyCommand=touch%20{MARK}/x", f"git@-oProxyCommand=touch:{MARK}", f"https://u:p@example.com/{MARK}",
    f"http://169.254.169.254/{MARK}", f"http://127.0.0.1:1/{MARK}", f"http://[::ffff:10.0.0.1]/{MARK}",
    f"$(touch {MARK})", f"`touch {MARK}`", f"x; touch {MARK}", f"|touch {MARK}", f"'); DROP TABLE project; -- {MARK}",
    f"{{{{ 7 * 7 }}}}{MARK}", f"%s%n{{0}}{MARK}", "con", "nul", "x" * 30_000,
)  # fmt: skip
UNKEPT: Final = (f"{MARK}\0", f"\0{MARK}", f"\ud800{MARK}", f"{MARK}\udc80")
"""What not every database keeps."""
NAMED_BY_THE_OPERATOR: Final = ("/etc/", "file:///", "http://")
"""How a repository begins that an operator may mean, wherever it is: it is looked for there, and only read."""
DOING: Final = frozenset({
    "open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.listdir", "os.scandir",
    "subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "socket.connect", "socket.getaddrinfo", "exec",
    "compile", "import",
})  # fmt: skip
"""Audit events of the interpreter: what a hostile word must never be part of."""


class _Watch:
    """Sees whatever the process does with the mark in it; an audit hook cannot be taken away, so there is one."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        self.is_there = False

    def hear(self, event: str, told: tuple[Any, ...]) -> None:
        if self.seen is not None and event in DOING and MARK in (said := repr(told)):
            self.seen.append(f"{event}{said[:300]}")

    @contextmanager
    def watching(self) -> Generator[list[str]]:
        """What was done in the block."""
        if not self.is_there:
            sys.addaudithook(self.hear)
            self.is_there = True
        self.seen = seen = []
        try:
            yield seen
        finally:
            self.seen = None


WATCH: Final = _Watch()


def test_the_watch_sees_what_is_done(tmp_path: Path) -> None:
    with WATCH.watching() as seen:
        (tmp_path / MARK).write_text("x")
        subprocess.run(("true", MARK), check=True)
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(MARK)
    assert {said.partition("(")[0] for said in seen} >= {"open", "subprocess.Popen", "socket.connect"}
    (tmp_path / MARK).unlink()


class Field(NamedTuple):
    """A field that takes a text, or several."""

    name: str
    is_list: bool


def text_fields(operation: Operation) -> list[Field]:
    """Those of an operation's input that are no choice between given words."""
    found: list[Field] = []
    for name, told in operation.input.model_json_schema()["properties"].items():
        kinds: list[Mapping[str, Any]] = [told, *told.get("anyOf", ())]
        if any(kind.get("type") == "string" and "enum" not in kind for kind in kinds):
            found.append(Field(name, is_list=False))
        elif any(kind.get("type") == "array" for kind in kinds):
            found.append(Field(name, is_list=True))
    return found


def example(operation: Operation, subjects: Mapping[str, Any]) -> dict[str, Any]:
    """What the faces' tests ask it, about what there is on the desk."""
    asked = CASES[operation.name].asked
    return {name: subjects.get(value, value) if isinstance(value, str) else value for name, value in asked.items()}


class Busy(Desktop):
    """It takes very many commands: what it holds is looked at once, at the end."""

    async def submit(self, command: Any) -> Any:
        self.desk.now += 1.0
        (answer,) = self.desk.store.run((command,), self.desk.now, self.desk.now)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """What is written by a relative name is written where it is looked for."""
    monkeypatch.chdir(tmp_path)
    made = Busy(tmp_path / "home")
    yield made
    assert check(made.desk.store, finished=False) == []
    made.clock.close()
    made.desk.store.close()
    assert not [path for path in tmp_path.rglob("*") if MARK in path.name]


def staged(desktop: Desktop) -> dict[str, Any]:
    """A desk with a project, a job at work and one that is not; what the braces of the faces' cases stand for."""
    desktop.desk.muster()
    for name in ("p", "q"):
        desktop.desk.submit(name)
    lease, *_ = desktop.desk.lease()
    job = desktop.desk.jobs("issues")[0].id
    return {
        **dict.fromkeys(("{p}", "{q}", "{later}", "{old}"), "p"), **dict.fromkeys(("{p.job}", "{q.dead}"), job),
        "{p.pinned}": job, "{attempt}": lease.name, "{p.review}": 1, "{n.message}": 1, "{n.notice}": 1,
        "{n.draft}": "1", "{n.delivery}": "1",
    }  # fmt: skip


def came_of(desktop: Desktop, operation: Operation, asked: Mapping[str, Any]) -> PodiumError | None:
    """The refusal of a call, or nothing; every other trouble is a defect."""

    async def call() -> None:
        context = desktop.context()
        await invoke(operation, context, understood(operation, asked), context.principal)

    try:
        asyncio.run(call())
    except Defect:
        raise
    except PodiumError as error:
        return error
    return None


def is_meant(field: str, value: str) -> bool:
    return field == "repository" and value.startswith(NAMED_BY_THE_OPERATOR)


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize("name", sorted(name for name, found in REGISTRY.items() if text_fields(found)))
def test_no_operation_does_anything_with_what_is_hostile(desktop: Desktop, name: str) -> None:
    operation = REGISTRY[name]
    base = example(operation, staged(desktop))
    with WATCH.watching() as seen:
        for field in text_fields(operation):
            for value in (*HOSTILE, *UNKEPT):
                if not is_meant(field.name, value):
                    refused = came_of(desktop, operation, {**base, field.name: [value] if field.is_list else value})
                    assert isinstance(refused, UsageError) or value not in UNKEPT, (field, value)
    assert seen == []
    for (project,) in desktop.desk.store.rows.all("projects_off_github", ("", "", 1_000_000)):
        assert checked_id(project) == project
    kept = [desktop.ask("project", project=row.id).adopted_from for row in desktop.ask("projects", limit=100).projects]
    assert [source.checked(one) for one in kept if one] == [one for one in kept if one]


REPOSITORY: Final = {"full_name": "Ada/Ideas", "clone_url": "https://github.com/Ada/Ideas.git"}
EVENTS: Final[Mapping[str, dict[str, Any]]] = {
    "issues": {"action": "opened", "issue": {
        "id": 7, "number": 3, "title": "Say hello", "body": "Print it.", "html_url": "https://github.com/x/3",
        "author_association": "OWNER", "user": {"login": "ada"}, "labels": [],
    }},
    "issue_comment": {"action": "created", "issue": {"id": 7, "number": 3}, "comment": {
        "id": 8, "body": "Well", "author_association": "OWNER", "user": {"login": "ada"}, "html_url": "https://x/8"}},
    "release": {"action": "published", "release": {
        "id": 9, "tag_name": "v1", "name": "One", "html_url": "https://github.com/x/9"}},
    "check_suite": {"action": "completed", "check_suite": {
        "id": 10, "conclusion": "failure", "head_branch": "podium/1", "app": {"name": "ci"}, "url": "https://x/10"}},
}  # fmt: skip


def places(told: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every place of a payload that holds a text or a number."""
    if isinstance(told, dict):
        for name, value in cast("dict[str, Any]", told).items():
            yield from places(value, (*path, name))
    elif isinstance(told, str | int):
        yield path


def put(told: Mapping[str, Any], path: tuple[str, ...], value: str) -> dict[str, Any]:
    """The payload with something else in one place."""
    name, *rest = path
    return {**told, name: put(told[name], tuple(rest), value) if rest else value}


@pytest.mark.requirement("SEC-3", "GIT-1")
@pytest.mark.parametrize("event", EVENTS)
def test_no_delivery_names_what_it_must_not(desktop: Desktop, event: str) -> None:
    payload = {"repository": REPOSITORY, "sender": {"login": "ada"}, **EVENTS[event]}
    with WATCH.watching() as seen:
        for number, (place, value) in enumerate((p, v) for p in places(payload) for v in (*HOSTILE, *UNKEPT)):
            told = put(payload, place, value)
            if event == "issues" and place != ("issue", "id"):
                told["issue"]["id"] = told["issue"]["id"] if number else number
            asyncio.run(receive(desktop.context(), f"github:{number}", deliveries.read(event, told)))
    assert seen == []
    for row in desktop.ask("projects", limit=1000).projects:
        project = desktop.ask("project", project=row.id)
        assert checked_id(project.id) == project.id
        assert project.adopted_from is None or project.adopted_from.startswith("https://")
        assert deliveries.REPOSITORY.fullmatch(project.source.removeprefix("github:").rpartition("#")[0])
        assert project.source.rpartition("#")[2].isdecimal()


@pytest.mark.requirement("SEC-3", "GIT-2")
def test_no_alert_is_more_than_words(desktop: Desktop) -> None:
    alert = {"status": "firing", "fingerprint": "f", "startsAt": "2026-01-01", "labels": {
        "alertname": "Slow", "podium_workflow": "development"}, "annotations": {"summary": "It is slow"}}  # fmt: skip
    with WATCH.watching() as seen:
        for place in places(alert):
            for value in (*HOSTILE, *UNKEPT):
                for key, asked in alerts.read({"alerts": [put(alert, place, value)]}).items():
                    asyncio.run(receive(desktop.context(), key, asked))
    assert seen == []
