"""A small real ACP agent, written with the library's agent side: does over stdio what its first argument names."""

import asyncio
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import acp
from acp import schema

MEMORY = Path(os.environ["HOME"]) / "sessions.json"
WORK = Path.cwd() / "work.txt"
DONE: dict[str, Any] = {"verdict": "passed", "summary": "did it", "artifacts": []}
PLAN: dict[str, Any] = {"kind": "note", "key": "n", "title": "N", "data": {"n": 1}, "path": "work.txt"}


class SmallAgent:
    """One behaviour a method; each is given the session and the prompt's text, and says how its turn ended."""

    def __init__(self, does: str) -> None:
        self.does = does
        self.turns = 0
        self.cancelled = asyncio.Event()
        self.client: Any = None

    def on_connect(self, conn: Any) -> None:
        self.client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> schema.InitializeResponse:
        version = 99 if self.does == "stranger" else protocol_version
        resume = schema.SessionResumeCapabilities() if self.does == "dies_and_resumes" else None
        able = schema.AgentCapabilities(
            load_session=self.does in ("dies_and_loads", "questions"),
            session_capabilities=schema.SessionCapabilities(resume=resume),
        )
        logins: list[Any] = [
            schema.AuthMethodAgent(id="browser", name="B"),
            schema.AuthMethodAgent(id="small-api-key", name="K"),
        ]
        return schema.InitializeResponse(
            protocol_version=version,
            agent_capabilities=able,
            auth_methods=logins if self.does in ("wants_key", "logged_out") else [],
            agent_info=schema.Implementation(name="small", version="1.0"),
        )

    async def authenticate(self, method_id: str, **_: Any) -> schema.AuthenticateResponse:
        assert method_id == "small-api-key"
        if self.does == "wants_key":
            self.does = "passes"
        return schema.AuthenticateResponse()

    async def new_session(self, cwd: str, mcp_servers: list[Any] | None = None, **_: Any) -> schema.NewSessionResponse:
        if self.does in ("wants_key", "logged_out"):
            raise acp.RequestError.auth_required({"details": "no key"})
        MEMORY.write_text(json.dumps({"cwd": cwd, "servers": [server.name for server in mcp_servers or []]}))
        await self.say(f"told {MEMORY.read_text()}\n")
        model = schema.SessionConfigOptionSelect(
            id="model", name="Model", category="model", type="select", current_value="small",
            options=[schema.SessionConfigSelectOption(name=name, value=name) for name in ("small", "large")],
        )  # fmt: skip
        return schema.NewSessionResponse(session_id="s1", config_options=[model] if self.does == "chooses" else None)

    async def set_config_option(self, config_id: str, value: Any, **_: Any) -> schema.SetSessionConfigOptionResponse:
        await self.say(f"model {config_id}={value}\n")
        return schema.SetSessionConfigOptionResponse(config_options=[])

    async def load_session(self, session_id: str, **_: Any) -> schema.LoadSessionResponse:
        await self.say("said before\n")
        if not MEMORY.exists():
            raise acp.RequestError(-32002, "Resource not found", {"session": session_id})
        self.does = "passes"
        return schema.LoadSessionResponse()

    async def resume_session(self, session_id: str, **_: Any) -> schema.ResumeSessionResponse:
        assert MEMORY.exists()
        self.does = "passes"
        return schema.ResumeSessionResponse()

    async def cancel(self, session_id: str, **_: Any) -> None:
        self.cancelled.set()

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> schema.PromptResponse:
        self.turns += 1
        text = prompt[0].text
        if self.does.startswith("dies"):
            await self.say("working\n")
            os._exit(9)
        return await getattr(self, self.does)(text)

    # --- behaviours ---------------------------------------------------------------------------------------------------

    async def passes(self, text: str) -> schema.PromptResponse:
        """A plan, a file, an artifact."""
        again = " again" if "taken up again" in text else " further" if "go on where you were" in text else ""
        if again == " further":
            cost = schema.Cost(amount=0.75, currency="USD")  # of the session, in all
            await self.update(schema.UsageUpdate(session_update="usage_update", used=10, size=100, cost=cost))
        entries = [acp.plan_entry("write", status="in_progress"), acp.plan_entry("check", status="pending")]
        await self.update(acp.update_plan(entries))
        await self.use("t1", "edit", "Write work.txt", {"file_path": str(WORK)})
        WORK.write_text("work\n", "utf-8")
        await self.update(acp.update_plan([acp.plan_entry("write", status="completed")]))
        await self.update(acp.update_agent_thought_text("hm"))
        return await self.end(DONE | {"summary": f"did it{again}", "artifacts": [PLAN]})

    async def asks(self, text: str) -> schema.PromptResponse:
        """Asks for each tool that the prompt's last lines name, and tells what it may."""
        told: list[str] = []
        for number, line in enumerate(re.findall(r"^ask (\{.*)$", text, re.MULTILINE)):
            call = json.loads(line)
            told.append(await self.use(f"t{number}", call.pop("kind"), call.pop("title", "T"), call))
        return await self.end(DONE | {"feedback": " ".join(told)})

    async def questions(self, text: str) -> schema.PromptResponse:
        """Needs a person, after some cost."""
        cost = schema.Cost(amount=0.25, currency="USD")
        await self.update(schema.UsageUpdate(session_update="usage_update", used=10, size=100, cost=cost))
        return await self.end(DONE | {"verdict": "question", "summary": "Which?"})

    async def insists(self, text: str) -> schema.PromptResponse:
        """Is refused, and says passed all the same."""
        await self.use("t1", "execute", "Run", {"command": "curl example.com"})
        return await self.end(DONE)

    async def mumbles(self, text: str) -> schema.PromptResponse:
        """No result, then a wrong one, then a right one."""
        if self.turns == 1:
            await self.say("It is done.")
            return schema.PromptResponse(stop_reason="end_turn")
        return await self.end(DONE | ({"verdict": "splendid"} if self.turns == 2 else {}))

    async def never_says(self, text: str) -> schema.PromptResponse:
        """No result at all."""
        await self.say("It is done.")
        return schema.PromptResponse(stop_reason="end_turn")

    async def hangs(self, text: str) -> schema.PromptResponse:
        """Works until it is cancelled."""
        await self.say("hanging\n")
        await self.cancelled.wait()
        await self.say("cancelled\n")
        return schema.PromptResponse(stop_reason="cancelled")

    async def spends(self, text: str) -> schema.PromptResponse:
        """Costs more and more until it is cancelled."""
        for cents in range(25, 10_000, 25):
            cost = schema.Cost(amount=cents / 100, currency="USD")
            await self.update(schema.UsageUpdate(session_update="usage_update", used=10, size=100, cost=cost))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.cancelled.wait(), 0.05)
                break
        return schema.PromptResponse(stop_reason="cancelled")

    async def leaks(self, text: str) -> schema.PromptResponse:
        """Tells its own credential, and what it sees of its environment."""
        await self.say(f"key {os.environ['SMALL_API_KEY']}, sees {' '.join(sorted(os.environ))}\n")
        return schema.PromptResponse(stop_reason="refusal")

    async def refuses(self, text: str) -> schema.PromptResponse:
        return schema.PromptResponse(stop_reason="refusal")

    async def chooses(self, text: str) -> schema.PromptResponse:
        return await self.end(DONE)

    async def overloaded(self, text: str) -> schema.PromptResponse:
        raise acp.RequestError(-32603, "Internal error", {"details": "API Error: 529 overloaded"})

    async def unpaid(self, text: str) -> schema.PromptResponse:
        raise acp.RequestError(-32603, "Internal error", {"details": "API Error: 402 credit"})

    async def broken(self, text: str) -> schema.PromptResponse:
        raise acp.RequestError(-32603, "Internal error", {"details": "something odd"})

    # --- words --------------------------------------------------------------------------------------------------------

    async def update(self, update: Any) -> None:
        await self.client.session_update(session_id="s1", update=update)

    async def say(self, text: str) -> None:
        await self.update(acp.update_agent_message_text(text))

    async def use(self, id_: str, kind: Any, title: str, given: dict[str, Any]) -> str:
        """Ask for a tool and use it; the kind of option that was chosen."""
        await self.update(acp.start_tool_call(id_, title, kind=kind, status="pending", raw_input=given))
        options = [
            schema.PermissionOption(option_id=f"id-{kind}", name=kind, kind=kind)
            for kind in ("allow_always", "allow_once", "reject_once")
        ]
        call = schema.ToolCallUpdate(tool_call_id=id_)
        answer = await self.client.request_permission(session_id="s1", tool_call=call, options=options)
        chosen = answer.outcome.option_id
        status = "completed" if "allow" in chosen else "failed"
        await self.update(acp.update_tool_call(id_, status=status))
        return chosen

    async def end(self, answer: dict[str, Any]) -> schema.PromptResponse:
        for piece in re.findall(r".{1,7}", f"Here:\n\n```json\n{json.dumps(answer)}\n```\n", re.DOTALL):
            await self.say(piece)
        usage = schema.Usage(total_tokens=15, input_tokens=7, output_tokens=5, cached_read_tokens=3)
        return schema.PromptResponse(stop_reason="end_turn", usage=usage)


if __name__ == "__main__":
    asyncio.run(acp.run_agent(SmallAgent(sys.argv[1]), use_unstable_protocol=True))  # pyright: ignore[reportArgumentType]
