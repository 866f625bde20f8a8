"""The agent's entry point: an assignment in, one ACP session, the command protocol's messages out."""

import asyncio
import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import acp
from acp import schema
from acp.client.connection import ClientSideConnection
from acp.connection import StreamDirection, StreamEvent

from podium import __version__
from podium.agents.acp import judgement, policy
from podium.agents.acp.judgement import Json
from podium.agents.acp.session import Session
from podium.agents.claude import order, roles
from podium.agents.claude.judgement import GOES_ON, SAID_CHARS_MAX, concluded, hand_over, not_started
from podium.agents.job_session import JobSession, Totals
from podium.agents.rehearsal.protocol import Messages, Result
from podium.domain.errors import PodiumError, Unavailable, UsageError

STARTS_MAX: Final = 3
"""How often an agent that can take up a session again is started for one attempt."""
ANSWERS_MAX: Final = 3
"""How often it is asked for a result that its role's schema accepts."""
LINE_BYTES_MAX: Final = 16 << 20
BEGIN_SECONDS: Final = 60.0
"""For the agent to begin, or to take up, a session."""
AGAIN: Final = """Your program was interrupted, and this session is taken up again. See what is done already, and finish
the task; end with the result as you were told."""


class Drive:
    """One attempt at one job, over as many starts of the agent as it takes."""

    def __init__(self, said: Namespace, assignment: Json, messages: Messages) -> None:
        env = os.environ
        self._role, self._told, self._assignment = roles.of(assignment, env), order.told_folder(env), assignment
        self._schema = roles.result_schema(self._role)
        self.kept = JobSession(env)
        self._env = {**env, "HOME": str(self.kept.folder / "home")}  # where agents keep what they load sessions from
        (self.kept.folder / "home").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._command: tuple[str, ...] = (said.program or said.command[0], *said.command[1:])
        self._model: str = self._role.model or said.model
        self._mode: str = said.mode
        self._meta: Json = json.loads(said.meta)
        self._where: str = f"[agents.{said.name}]"
        self._servers = [_server(order.SERVER, order.server(env))] if "PODIUM_TOKEN" in env else []
        budget = order.within_project(assignment, said.budget_usd)
        allows = partial(policy.is_allowed, self._role.tools, (Path.cwd(), self._told), order.SERVER)
        self._heard = Session(messages, allows, budget, said.usd_per_hour)
        self._heard.on_cost = self._keep
        self._messages = messages
        self._session_id = ""
        self._can_resume = False
        self._is_stopped = False
        self.answer: Json = {}

    async def attempt(self) -> Result | None:
        """The result; None when the agent ended without one, or was told to stop."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if (seconds := self._heard.seconds_paid) is not None:
            loop.call_later(seconds, lambda: loop.create_task(self._heard.run_out(self._session_id)))
        try:
            return await self._drive()
        finally:
            self._heard.estimate(loop.time() - began)

    async def _drive(self) -> Result | None:
        """As many starts of the agent as it takes."""
        for _ in range(STARTS_MAX):
            try:
                async with acp.spawn_agent_process(
                    cast("acp.Client", self._heard), *self._command, env=self._env, cwd=Path.cwd(),
                    transport_kwargs={"stderr": None, "limit": LINE_BYTES_MAX}, observers=[self._observe],
                ) as (agent, _):  # fmt: skip
                    return await self._converse(agent)
            except acp.RequestError as error:
                return judgement.trouble(error.code, _words(error), self._where, self._data())
            except TimeoutError:
                self.kept.forget()
                self._messages.log(f"The agent did not begin a session within {BEGIN_SECONDS:.0f} s.", "error")
                return None
            except ConnectionError:
                if self._is_stopped or not self._can_resume:
                    return None
                self._messages.log("The agent's program ended; its session is taken up again.", "warning")
        return None

    def _data(self) -> Json:
        return {"session": self._session_id, "refused": self._heard.refused}

    async def _converse(self, agent: ClientSideConnection) -> Result | None:
        """Begin or take up the session, and ask until the agent has given its result."""
        prompt = await asyncio.wait_for(self._begin(agent), BEGIN_SECONDS)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: loop.create_task(self._stop(agent)))
        error = ""
        for _ in range(ANSWERS_MAX):
            self._heard.begin_turn()
            ended = await agent.prompt(session_id=self._session_id, prompt=[acp.text_block(prompt)])
            self._heard.end_turn(ended.usage)
            self._keep()
            if self._is_stopped:
                return None
            if self._heard.is_overspent:
                why = f"See {self._where} in podium.toml."
                return Result("blocked", "The attempt's budget is used up.", why, self._data())
            if ended.stop_reason != "end_turn":
                words = judgement.STOPPED.get(ended.stop_reason, f"The agent stopped: {ended.stop_reason}.")
                return Result("failed", words, words, self._data())
            answer, error = judgement.answer_of(self._heard.said, self._schema)
            if answer is not None:
                self.answer = answer
                return concluded(answer, self._heard, self._data())
            self._messages.log(f"The result cannot be taken: {error}", "warning")
            prompt = f"Your result cannot be taken. {error} Answer with the JSON block alone."
        return concluded({}, self._heard, self._data(), error)

    async def _begin(self, agent: ClientSideConnection) -> str:
        """Open the session, or take it up again; what to say in it first."""
        me = schema.Implementation(name="podium", version=__version__)
        told = await agent.initialize(protocol_version=acp.PROTOCOL_VERSION, client_info=me)
        if told.protocol_version != acp.PROTOCOL_VERSION:
            spoken = f"{told.protocol_version}; Podium speaks {acp.PROTOCOL_VERSION}"
            raise Unavailable(f"{self._command[0]} speaks version {spoken} of the Agent Client Protocol.")
        able = told.agent_capabilities or schema.AgentCapabilities()
        takes_up = able.session_capabilities.resume if able.session_capabilities else None
        where: Json = {"cwd": str(Path.cwd()), "mcp_servers": self._servers, **self._meta}
        take_up = agent.resume_session if takes_up is not None else agent.load_session
        self._can_resume = takes_up is not None or bool(able.load_session)
        if self._session_id:
            await self._take_up(take_up(session_id=self._session_id, **where))
            return AGAIN
        if self.kept.id and self._can_resume:
            with suppress(acp.RequestError):
                await self._take_up(take_up(session_id=self.kept.id, **where))
                self._session_id = self.kept.id
                self._heard.cost_usd = self.kept.totals.cost_usd
                self._messages.log(f"{_name(told, self._command[0])} goes on with session {self._session_id}.")
                return self._prompt(resume=True)
            self._messages.log("The job's session cannot be resumed; it begins anew.", "warning")
        self.kept.forget()
        opened = await self._open(agent, told.auth_methods or (), where)
        self._session_id = opened.session_id
        self._messages.log(f"{_name(told, self._command[0])} began session {self._session_id}.")
        await self._choose(agent, opened)
        self._keep()
        return self._prompt(resume=False)

    async def _take_up(self, asked: Awaitable[object]) -> None:
        self._heard.is_deaf = True  # to load a session tells all of it once more
        try:
            await asked
        finally:
            self._heard.is_deaf = False

    def _keep(self) -> None:
        """So that the job's next attempt can go on, whatever becomes of this one."""
        if self._can_resume and self._session_id:
            self.kept.keep(self._session_id, Totals(cost_usd=self._heard.cost_usd or 0.0))

    def _observe(self, event: StreamEvent) -> None:
        if event.direction is StreamDirection.INCOMING:
            self._messages.raw(event.message)

    def _prompt(self, *, resume: bool) -> str:
        """All that the agent is told at first: ACP knows no other instructions than a prompt."""
        folder = Path(__file__).parent
        text = Path(order.__file__).with_name("resume.txt") if resume else folder / "begin.txt"
        unfinished = self.kept.put_back(str(self._assignment.get("unfinished") or ""), Path.cwd())
        more: Json = {"rules": self._role.prompt, "clone": Path.cwd(), "unfinished": unfinished}
        end = (folder / "result.txt").read_text("utf-8").format(schema=json.dumps(self._schema))
        return order.filled(text, self._assignment, self._told, **more) + end

    async def _open(self, agent: ClientSideConnection, ways: Sequence[Any], where: Json) -> schema.NewSessionResponse:
        """A new session; an agent that wants it is told to take the key that is in its environment."""
        for method in [None, *(way.id for way in ways if "api-key" in way.id)]:
            with suppress(acp.RequestError):
                if method:
                    await agent.authenticate(method_id=method)
                return await agent.new_session(**where)
        return await agent.new_session(**where)

    async def _choose(self, agent: ClientSideConnection, opened: schema.NewSessionResponse) -> None:
        """Mode and model; an agent that does not offer them would do other than it was told, so it does nothing."""
        program, modes = self._command[0], [mode.id for mode in opened.modes.available_modes] if opened.modes else []
        if self._mode and self._mode not in modes:
            raise UsageError(f"{program} does not offer the mode {self._mode!r}, in which it asks; it has {modes}.")
        if self._mode:
            await agent.set_session_mode(session_id=self._session_id, mode_id=self._mode)
        models = [option.id for option in opened.config_options or () if option.category == "model"]
        if self._model and not models:
            raise UsageError(f"{program} lets nobody choose its model: take `model` from {self._where}.")
        if self._model:
            await agent.set_config_option(config_id=models[0], session_id=self._session_id, value=self._model)

    async def _stop(self, agent: ClientSideConnection) -> None:
        self._is_stopped = True
        await agent.cancel(session_id=self._session_id)


def _server(name: str, told: Json) -> schema.McpServerStdio:
    env = [schema.EnvVariable(name=key, value=value) for key, value in told["env"].items()]
    return schema.McpServerStdio(name=name, command=told["command"], args=told["args"], env=env)


def _name(told: schema.InitializeResponse, program: str) -> str:
    return f"{told.agent_info.name} {told.agent_info.version}" if told.agent_info else program


def _words(error: acp.RequestError) -> str:
    return f"{error} {json.dumps(error.data, ensure_ascii=False) if error.data else ''}".strip()[:SAID_CHARS_MAX]


def main() -> int:
    """Do one attempt in the current directory; the exit status is 0 when a result was given."""
    parser = order.options("acp")
    parser.add_argument("command", nargs="+")
    said = parser.parse_args()
    messages = Messages(sys.stdout)
    try:
        drive = Drive(said, json.loads(Path(os.environ["PODIUM_ASSIGNMENT"]).read_text("utf-8")), messages)
        result = asyncio.run(drive.attempt())
    except (PodiumError, OSError) as error:
        return hand_over(messages, not_started(said.command[0], error))
    if result is not None and result.verdict not in GOES_ON:
        drive.kept.end()
    return hand_over(messages, result, drive.answer)


if __name__ == "__main__":
    sys.exit(main())
