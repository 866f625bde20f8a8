"""What every agent promises the host that runs it: one suite over the built-in ones, a program of one's own, and ACP.

Those that need a model get a scripted one on loopback: the programs are real, two of them from npm.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from podium.agents.command import Program, program
from podium.domain.attempt import Assignment, Ending, Report
from podium.domain.job import Lease
from podium.hosts.inprocess import Body, InProcessHost
from podium.ports import Brief, Running
from tests.conformance import npm_agents
from tests.scripted import claude_code
from tests.scripted.model_server import ModelServer
from tests.scripted.script import Answer, Asked, Call, Silence, Text
from tests.unit.hosts.world import World, brief_of, make_assignment, make_lease

SECONDS = 100.0
CANARY = "canary-in-the-orchestrators-environment"
KEY = "key-4711"
RESULT: dict[str, Any] = {"verdict": "passed", "summary": "Wrote the work.", "artifacts": []}
HANG = "Take your time."
COMMAND = """
import json, os, pathlib, time
told = json.load(open(os.environ["PODIUM_ASSIGNMENT"]))
while "Take your time." in told["prompt"]:
    time.sleep(1000)
pathlib.Path("work.txt").write_text("work\\n")
print(json.dumps({"type": "result", "verdict": "passed", "summary": "Wrote the work.", "data": {}}))
"""


def model(asked: Asked) -> Answer:
    """Writes a file with the agent's own tool, then gives the result as this agent gives it."""
    if not asked.tools:
        return Text("A title")
    if HANG in json.dumps(asked.body):
        return Silence()
    tools = {tool.lower(): tool for tool in asked.tools}
    if not asked.results:
        name = "filePath" if "write" in asked.tools else "file_path"
        clone = json.dumps(asked.body).partition("/home/told/")[0].rpartition(" ")[2].rpartition("- ")[2]
        return Call(tools["write"], {name: f"{clone}/clone/work.txt", "content": "work\n"})
    if "structuredoutput" in tools:
        return Text("done") if asked.results[-1].tool == "StructuredOutput" else Call("StructuredOutput", RESULT)
    return Text(f"Done.\n\n```json\n{json.dumps(RESULT)}\n```\n")


@dataclass(frozen=True)
class Kind:
    """An agent as `podium.toml` would have it, and what is special to it."""

    program: Callable[[str], Program]
    """Given the model's address."""
    needs_model: bool = True
    body: Body | None = None
    """Of an agent that is a callable of this process: it has neither a clone nor a log nor processes."""
    plays: bool = False
    """Whether it plays a step of the shipped pipeline, with no model, instead of writing what a script says."""


def _claude(url: str) -> Program:
    env = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY}
    return program("claude", (), env, ("--program", str(claude_code.program())))


def _opencode(url: str) -> Program:
    provider = {"anthropic": {"options": {"baseURL": f"{url}/v1", "apiKey": KEY}}}
    config = {"model": "anthropic/claude-sonnet-4-5", "provider": provider}
    env = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_CONFIG_CONTENT": json.dumps(config)}
    return _preset("opencode", npm_agents.opencode(), env)


def _claude_agent_acp(url: str) -> Program:
    env = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY}
    env |= {"CLAUDE_CODE_EXECUTABLE": str(claude_code.program())}
    return _preset("claude", npm_agents.claude_agent_acp(), env)


def _preset(name: str, command: list[str], env: dict[str, str]) -> Program:
    """The preset as it is, with the program where the tests have it."""
    made = program("mine", (), env, (), name)
    return Program((*made.argv[: made.argv.index("--") + 1], *command), made.env)


async def _python(_: Lease, brief: Brief) -> Report:
    while HANG in (await brief()).prompt:
        await asyncio.Event().wait()
    return Report(Ending.FINISHED, verdict="passed", summary=RESULT["summary"])


KINDS = {
    "python": Kind(lambda _: program("rehearsal", (), {}), needs_model=False, body=_python),
    "rehearsal": Kind(lambda _: program("rehearsal", (), {}), needs_model=False, plays=True),
    "command": Kind(lambda _: program("mine", ("{python}", "-c", COMMAND), {}), needs_model=False),
    "claude": Kind(_claude),
    "acp-opencode": Kind(_opencode),
    "acp-claude": Kind(_claude_agent_acp),
}


class Agent:
    """One kind of agent in a home of its own."""

    def __init__(self, kind: Kind, world: World, server: ModelServer | None) -> None:
        self.kind = kind
        self.world = world
        self._server = server
        world.programs["shell"] = kind.program(server.url if server else "")

    def is_at_work(self) -> bool:
        """Whether it waits for its model."""
        return self._server is None or any(asked.tools for asked in self._server.asked)

    async def start(self, prompt: str) -> Any:
        lease, host = make_lease(), InProcessHost(self.kind.body) if self.kind.body else self.world.host()
        return await host.start(lease, brief_of(self.assignment(prompt)))

    def assignment(self, prompt: str) -> Assignment:
        about: dict[str, Any] = {"prompt": prompt, "role": "features"}
        if self.kind.plays:
            pace = "<!-- rehearsal: seconds=900 -->" if prompt == HANG else ""
            about = {"workflow": "genesis", "step": "analyze", "role": "analysis", "item": None, "feedback": ()}
            about["document"] = f"# Hello\n{pace}\n## Features\n\n- Greet by name\n"
        return make_assignment(make_lease(), timeout_seconds=SECONDS, **about)

    async def run(self, prompt: str) -> Report:
        return await (await self.start(prompt)).ended()

    def log(self) -> str:
        return (self.world.directory() / "messages.ndjson").read_text("utf-8")

    def processes(self) -> dict[int, str]:
        """Environments of the processes that carry this home's attempt."""
        found: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                env = (folder / "environ").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if f":{make_lease().name}\0" in env and str(self.world.root) in env:
                found[int(folder.name)] = env
        return found


@pytest.fixture(params=list(KINDS))
def agent(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    kind = KINDS[request.param]
    monkeypatch.setenv("CANARY", CANARY)
    with ExitStack() as stack:
        server = stack.enter_context(ModelServer(model)) if kind.needs_model else None
        try:
            made = Agent(kind, World(tmp_path), server)
        except npm_agents.NoAgents as error:
            pytest.skip(str(error))
        yield made


def on_a_loop(test: Any) -> Any:
    with asyncio.Runner() as runner:
        return runner.run(asyncio.wait_for(test, SECONDS))


@pytest.mark.requirement("INS-2")
def test_its_work_is_delivered_with_its_result(agent: Agent) -> None:
    report = on_a_loop(agent.run("Write the work."))
    assert (report.ending, report.verdict) == (Ending.FINISHED, "passed"), agent.log()
    assert report.summary == RESULT["summary"] or agent.kind.plays
    if agent.kind.body is not None:
        return
    assert bool(report.commit) != agent.kind.plays, "an analysis changes nothing"
    assert [made.kind for made in report.artifacts] == (["plan"] if agent.kind.plays else [])
    lines = [json.loads(line) for line in agent.log().splitlines()]
    assert {"at", "stream", "type"} <= lines[0].keys()
    assert KEY not in agent.log(), "a credential is blotted out"


def test_it_gets_its_own_environment_and_leaves_no_process(agent: Agent) -> None:
    async def test() -> Report:
        running: Running = await agent.start(HANG)

        async def cancel() -> None:
            while agent.kind.body is None and not (agent.is_at_work() and agent.processes()):
                await asyncio.to_thread(os.sched_yield)
            await asyncio.to_thread(os.sched_yield)
            assert not any(CANARY in env for env in agent.processes().values())
            running.cancel("enough")

        report, _ = await asyncio.gather(running.ended(), cancel())
        return report

    report = on_a_loop(test())
    assert report.ending is Ending.CANCELLED
    assert not agent.processes()
    assert agent.kind.body is not None or CANARY not in agent.log()
