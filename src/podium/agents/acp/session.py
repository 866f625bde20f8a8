"""Podium's side of one ACP session: hears the agent's updates, and answers what it asks."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import acp
from acp import schema

from podium.agents.claude.stream import LINE_CHARS_MAX, Heard
from podium.agents.rehearsal.protocol import Level, Messages, Told

TURN_CHARS_MAX: Final = 4 << 20
"""Of an agent's words in one turn; its result stands at their end."""
DOLLARS: Final = "USD"
HOUR_SECONDS: Final = 3600
_CHOICES: Final = {True: ("allow_once", "allow_always"), False: ("reject_once", "reject_always")}
"""The narrowest that an agent offers: what it may do for good, it would not ask for again."""


class Session(Heard):
    """Hears and answers one session, as `acp.Client` says; `said` has the agent's words of the present turn.

    `allows` tells whether the role may make a call.

    It offers no files and no terminals of its own: the agent's tools do the work, and ask.
    """

    def __init__(
        self, messages: Messages, allows: Callable[[Told], bool], budget_usd: float, usd_per_hour: float
    ) -> None:
        super().__init__(messages)
        self._allows, self._budget_usd, self._usd_per_hour = allows, budget_usd, usd_per_hour
        self._agent: acp.Agent | None = None
        self.is_deaf = False
        """Set while what is said was said before."""
        self._line = ""
        self._calls: dict[str, Told] = {}
        self.said = ""
        self.cost_usd: float | None = None
        """What the agent says that the session has cost so far, earlier attempts included."""
        self.on_cost: Callable[[], None] = lambda: None
        """Called before a cost is told, so that it is never told again by the next attempt."""
        self._spent: float | None = None
        self.is_overspent = False

    def on_connect(self, conn: acp.Agent) -> None:
        """Who is heard."""
        self._agent = conn

    async def request_permission(
        self, tool_call: schema.ToolCallUpdate, options: list[schema.PermissionOption], **_: Any
    ) -> schema.RequestPermissionResponse:
        """Answer by what the role may do."""
        call = self._merged(tool_call)
        is_allowed = self._allows(call)
        if not is_allowed:
            self.refuse(f"{call.get('kind') or 'other'} {_about(call)}")
        offered = {option.kind: option.option_id for option in options}
        chosen = next((offered[kind] for kind in _CHOICES[is_allowed] if kind in offered), None)
        if chosen is None:
            return schema.RequestPermissionResponse(outcome=schema.DeniedOutcome(outcome="cancelled"))
        return schema.RequestPermissionResponse(outcome=schema.AllowedOutcome(outcome="selected", option_id=chosen))

    async def session_update(self, session_id: str, update: object, **_: Any) -> None:
        """Take in one update; of a kind that is not known, nothing."""
        if self.is_deaf:
            return
        if isinstance(update, schema.AgentMessageChunk):
            if isinstance(update.content, schema.TextContentBlock):
                self._speak(update.content.text)
        elif isinstance(update, schema.ToolCallStart | schema.ToolCallProgress):
            self._tool(update)
        elif isinstance(update, schema.AgentPlanUpdate):
            self._plan(update.entries)
        elif isinstance(update, schema.UsageUpdate) and update.cost and update.cost.currency == DOLLARS:
            await self._cost(session_id, update.cost.amount)

    async def _cost(self, session_id: str, cost_usd: float) -> None:
        before, self.cost_usd = self.cost_usd or 0.0, cost_usd
        more = cost_usd - before if cost_usd >= before else cost_usd  # else it counts anew
        self._spent = (self._spent or 0.0) + more
        if more:
            self.on_cost()
            self._messages.spend(0, 0, more)
        if self._spent >= self._budget_usd:
            await self._overspend(session_id)

    @property
    def seconds_paid(self) -> float | None:
        """How long an agent that tells no cost may work for its budget; None for one that is free."""
        return self._budget_usd / self._usd_per_hour * HOUR_SECONDS if self._usd_per_hour else None

    async def run_out(self, session_id: str) -> None:
        """The time that the budget pays for is over."""
        if self._spent is None:
            await self._overspend(session_id)

    async def _overspend(self, session_id: str) -> None:
        if not self.is_overspent and self._agent:
            self.is_overspent = True
            await self._agent.cancel(session_id=session_id)

    def estimate(self, seconds: float) -> None:
        """Of an agent that told no cost, its time's worth is its cost: no budget would hold it else."""
        if self._spent is None and self._usd_per_hour:
            cost_usd = seconds / HOUR_SECONDS * self._usd_per_hour
            counted = f"{seconds:.0f} s count as ${cost_usd:.2f}, at usd_per_hour = {self._usd_per_hour:g}"
            self._log(f"It tells no cost: {counted}.")
            self._messages.spend(0, 0, cost_usd)

    def begin_turn(self) -> None:
        """The next words are the answer to a new prompt."""
        self.end_turn(None)
        self.said = ""

    def end_turn(self, usage: schema.Usage | None) -> None:
        """Tell what is left of the words, and what the turn has used."""
        if self._line.strip():
            self._messages.log(self._line)
        self._line = ""
        if usage:
            taken = usage.input_tokens + (usage.cached_read_tokens or 0) + (usage.cached_write_tokens or 0)
            self._messages.spend(taken, usage.output_tokens, None if self._spent is None else 0.0)

    def _speak(self, text: str) -> None:
        self.said = (self.said + text)[-TURN_CHARS_MAX:]
        *lines, self._line = (self._line + text).split("\n")
        for line in filter(str.strip, lines):
            self._messages.log(line)

    def _tool(self, update: schema.ToolCallStart | schema.ToolCallProgress) -> None:
        before = dict(self._calls.get(update.tool_call_id, {}))
        call, is_new = self._merged(update), not before
        if is_new or update.status in ("completed", "failed"):
            self._messages.tool(update.tool_call_id, str(call.get("title") or call.get("kind")), begun=is_new)
        if call.get("rawInput") and not before.get("rawInput"):
            self._log(_about(call))
        if update.status == "failed":
            self._log(f"{call.get('title')}: failed {_brief(update.raw_output)}", "warning")
        elif update.status == "completed":
            self.gave_up = False
            self._log(f"{call.get('title')}: done {_brief(update.raw_output)}", "debug")

    def _merged(self, update: schema.ToolCallUpdate | schema.ToolCallStart | schema.ToolCallProgress) -> Told:
        """A call as its updates have told of it so far."""
        told = update.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"content", "raw_output"})
        call = self._calls.setdefault(update.tool_call_id, Told())
        call.update({name: value for name, value in told.items() if value not in ({}, [])})
        return call

    def _plan(self, entries: Sequence[schema.PlanEntry]) -> None:
        done = sum(entry.status == "completed" for entry in entries)
        at = next((entry.content for entry in entries if entry.status == "in_progress"), "")
        if entries:
            self._messages.progress(done / len(entries), at)

    def _log(self, text: str, level: Level = "info") -> None:
        self._messages.log(text[:LINE_CHARS_MAX], level)


def _about(call: dict[str, Any]) -> str:
    return f"{call.get('title') or call.get('kind')} {_brief(call.get('rawInput'))}".strip()


def _brief(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if value else ""
