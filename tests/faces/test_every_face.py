"""Every operation, asked in every way on one home that is live: called, typed, over REST, over MCP (CMD-1)."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final, Protocol

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from podium.app import RealWorld
from podium.faces.cli.main import execute
from podium.faces.mcp.servers import tool_name
from podium.faces.rest.routes import in_path, path_of
from podium.operations.catalogue import REGISTRY
from podium.operations.operation import POSITIONAL, Operation
from podium.store.store import DATABASE
from tests.faces.operation_cases import CASES
from tests.faces.orchestrator import Orchestrator
from tests.faces.staging import Stage, Subjects, blank, filled, kinds_in

FACES: Final = ("direct", "cli", "rest", "mcp")
SECONDS_MAX: Final = 60.0
WAITER: Final = "import time; time.sleep(600)"


class Refused(Exception):
    """What was asked was refused, in these words."""


class Ask(Protocol):
    """One way of asking."""

    def __call__(self, operation: Operation, asked: dict[str, Any]) -> Any:
        """The answer as JSON data; raises `Refused`."""
        ...


class Home:
    """The live home, its subjects, and the four ways of asking it."""

    def __init__(self, orchestrator: Orchestrator, subjects: dict[tuple[str, str], Subjects]) -> None:
        self.orchestrator = orchestrator
        self._subjects = subjects
        self.ways: dict[str, Ask] = {"direct": self.direct, "cli": self.cli, "rest": self.rest, "mcp": self.mcp}

    def subjects(self, name: str, face: str) -> Subjects:
        """What one face asks an operation about."""
        own = self._subjects.get((name, face), self._subjects.get(("", kind_key(name)), {}))
        return self._subjects["", ""] | own

    def direct(self, operation: Operation, asked: dict[str, Any]) -> Any:
        """Called, in the orchestrator itself."""
        answer = self.orchestrator.ask(operation.name, asked)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer

    def cli(self, operation: Operation, asked: dict[str, Any]) -> Any:
        """Typed."""
        words, flags = list[str](), list[str]()
        fields = {field.alias or name: field for name, field in operation.input.model_fields.items()}
        for name, value in asked.items():
            if fields[name].json_schema_extra == POSITIONAL:
                words.append(str(value))
            else:
                flags += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        home = str(self.orchestrator.home)
        sure = ["--yes"] if operation.safety == "destructive" else []
        with TemporaryFile("w+") as out, redirect_stdout(out), redirect_stderr(out):
            code = execute(["--home", home, *operation.name.split(), *flags, *sure, "--json", "--", *words], RealWorld)
            out.seek(0)
            told, _ = json.JSONDecoder().raw_decode(out.read())
        if code:
            raise Refused(told["error"]["message"])
        return told

    def rest(self, operation: Operation, asked: dict[str, Any]) -> Any:
        """Over REST, on the port."""
        with httpx2.Client(base_url=self.orchestrator.url, headers=self.orchestrator.headers, timeout=30) as http:
            if operation.safety == "read":
                place = {name: str(asked[name]) for name in in_path(operation)}
                path = path_of(operation).replace(":path}", "}").format(**place)
                answer = http.get(path, params={name: value for name, value in asked.items() if name not in place})
            else:
                answer = http.post(path_of(operation), json=asked)
        if answer.status_code != 200:
            raise Refused(answer.json()["detail"])
        return answer.json()

    def mcp(self, operation: Operation, asked: dict[str, Any]) -> Any:
        """Over MCP, on the port; the client holds the answer against the published schema."""

        async def talk() -> Any:
            address = f"{self.orchestrator.url}/mcp/{operation.server}"
            async with (
                httpx2.AsyncClient(headers=self.orchestrator.headers) as http,
                Client(streamable_http_client(address, http_client=http), read_timeout_seconds=60) as client,
            ):
                await client.list_tools()
                return await client.call_tool(tool_name(operation), asked)

        answer = asyncio.run(talk())
        if answer.is_error:
            raise Refused(answer.content[0].text)
        return answer.structured_content


def kind_key(name: str) -> str:
    """Under which all faces share their subjects: those of the kinds that a read is about."""
    return " ".join(sorted(set(kinds_in(CASES[name].asked))))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("faces") / "home"
    RealWorld().prepare(folder)
    command = json.dumps([sys.executable, "-c", WAITER])
    agents = "".join(f"[agents.{name}]\ncommand = {command}\n" for name in ("python", "waiter"))
    (folder / "podium.toml").write_text(f'agent = "waiter"\n{agents}', "utf-8")
    subjects = staged(folder)
    orchestrator = Orchestrator(folder)
    try:
        made = Home(orchestrator, subjects)
        made.direct(REGISTRY["submit"], {"title": "work", "id": "work", "brief": "x"})
        subjects["", ""]["attempt"] = _at_work(made)
        yield made
    finally:
        orchestrator.close()


def staged(folder: Path) -> dict[tuple[str, str], Subjects]:
    """What there is to ask about: for a write one of each kind a face, for reads one of each for all."""
    stage = Stage(folder / DATABASE, time.time() - 3600)
    subjects: dict[tuple[str, str], Subjects] = {("", ""): {}}
    try:
        for name, operation in sorted(REGISTRY.items()):
            kinds = set(kinds_in(CASES[name].asked)) - {"attempt"}
            for kind in kinds:
                if operation.safety == "read":
                    key = ("", kind_key(name))
                    subjects[key] = subjects.get(key) or stage.make(kind, f"{kind}-shared")
                else:
                    for face in FACES:
                        slug = name.replace(" ", "-")
                        subjects[name, face] = stage.make(kind, f"{kind}-{slug}-{face}")
        stage.deliver_rest()
    finally:
        stage.store.close()
    return subjects


def _at_work(home: Home) -> str:
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        rows = home.direct(REGISTRY["instances"], {})["instances"]
        found = [row for row in rows if (row["project"], row["state"]) == ("work", "busy")]
        if found:
            return f"work/{found[0]['job']}.a1"
    raise TimeoutError("nobody works")


def test_every_operation_has_a_case_and_every_case_an_operation() -> None:
    assert sorted(CASES) == sorted(REGISTRY), "each operation has one line in operation_cases.py"


@pytest.mark.requirement("CMD-1", "API-1", "MCP-1")
@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operation_is_the_same_on_every_face(home: Home, name: str) -> None:
    case, operation = CASES[name], REGISTRY[name]
    faces = [face for face in FACES if face in {"direct", *operation.faces} and face not in case.not_on]
    before = home.direct(REGISTRY["events"], {"limit": 1})["last"]
    found: dict[str, Any] = {}
    for face in faces:
        subjects = home.subjects(name, face)
        try:
            answer = home.ways[face](operation, filled(case.asked, subjects))
        except Refused as refusal:
            answer = {"refused": str(refusal)}
        assert ("refused" in answer) is bool(case.refused), (face, answer)
        assert case.refused in str(answer.get("refused", "")), (face, answer)
        told = filled(case.told, subjects)
        assert told == {key: answer.get(key) for key in told}, face
        found[face] = blank(answer, subjects, case.varies)
    now = found["direct"]
    if operation.safety == "read" and not case.refused:  # what Podium does by itself may have changed it meanwhile
        subjects = home.subjects(name, "direct")
        now = blank(home.direct(operation, filled(case.asked, subjects)), subjects, case.varies)
    for face in faces[1:]:
        assert found[face] in (found["direct"], now), face
    if operation.safety != "read":
        events = home.direct(REGISTRY["events"], {"after": before, "limit": 1000})["events"]
        calls = [e["data"] for e in events if e["type"] == "operation.called"]
        assert [(c["operation"], c["by"]) for c in calls] == [(name, "operator")] * len(faces)
