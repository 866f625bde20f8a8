"""Listens to the program's stream: log lines and spend as it goes, and the facts that judge its end."""

import json
from typing import Any, Final

from podium.agents.job_session import Totals
from podium.agents.rehearsal.protocol import Messages, Told

LINE_CHARS_MAX: Final = 2_000
"""Of what is said of one tool's use in the log."""

Json = dict[str, Any]


class Heard:
    """What is known of an agent's refusals."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self.refused: list[str] = []
        """Tools that it wanted and was not allowed."""
        self.gave_up = False
        """Whether nothing has worked since the last refusal."""

    def refuse(self, what: str) -> None:
        """It was not allowed to use this."""
        self.refused.append(what[:LINE_CHARS_MAX])
        self.gave_up = True
        self._messages.log(f"Not allowed: {self.refused[-1]}"[:LINE_CHARS_MAX], "warning")


class Stream(Heard):
    """One run of the program; `hear` takes its events in the order they come."""

    def __init__(self, messages: Messages) -> None:
        super().__init__(messages)
        self._tools: dict[str, str] = {}
        self._counted: dict[str, tuple[int, int]] = {}
        self.session = ""
        self.failed_servers: tuple[str, ...] = ()
        self.was_killed = False
        self.is_last = False
        """Whether its budget is what is left of the project's."""
        self.stalled = False
        """Whether it was ended because the provider said nothing for too long."""
        self.resets_at: float | None = None
        """When the provider's limit ends, as it said, in seconds since the epoch."""
        self.final: Told | None = None
        """The last `result` event: an agent that works on in the background gives several."""

    def hear(self, line: str) -> None:
        """Take in one line; what is no event is kept as a log line."""
        try:
            event = Told(json.loads(line)) if line.startswith("{") else None
        except (ValueError, RecursionError):
            event = None
        if event is None:
            self._messages.log(line.rstrip()[:LINE_CHARS_MAX])
            return
        self._messages.raw(event)
        kind = event.text("type")
        if kind == "system":
            self._system(event)
        elif kind == "assistant":
            self._assistant(event.object("message"))
        elif kind == "user":
            self._answers(event.object("message"))
        elif kind == "rate_limit_event":
            told = event.object("rate_limit_info")
            until = told.get("resetsAt") if told.text("status") == "rejected" else None
            self.resets_at = float(until) if isinstance(until, int | float) else None
        elif kind == "result":
            self.final = event
            if not self.refused and (denied := event.objects("permission_denials")):
                self.refused, self.gave_up = [one.text("tool_name") for one in denied], True

    @property
    def has_begun(self) -> bool:
        """Whether the model has answered at all: until then there is nothing to go on with."""
        return bool(self._counted)

    @property
    def awaits_provider(self) -> bool:
        """Whether the provider is to answer: no tool is at work, which may be silent for as long as it takes."""
        return bool(self.session) and not self._tools

    def settle(self, before: Totals) -> Totals | None:
        """Tell the spend that the messages did not, and the cost; the answer is the session's totals, if it told any.

        They accumulate over resumes, so what was told `before` is taken off.
        """
        final = self.final
        if final is None:
            return None
        models = final.object("modelUsage")
        used = [models.object(name) for name in models]
        names = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
        taken = sum(_count(usage, name) for usage in used for name in names)
        given = sum(_count(usage, "outputTokens") for usage in used)
        told_in, told_out = (sum(counts[n] for counts in self._counted.values()) for n in (0, 1))
        cost = final.get("total_cost_usd")
        if not isinstance(cost, int | float) or not (used or not self._counted):
            self._messages.spend(0, 0, None)
            return None
        if cost < before.cost_usd:  # it counts anew
            before = Totals()
        taken_now, given_now = taken - before.input_tokens - told_in, given - before.output_tokens - told_out
        self._messages.spend(max(0, taken_now), max(0, given_now), cost - before.cost_usd)
        return Totals(taken, given, cost)

    def _system(self, event: Told) -> None:
        kind = event.text("subtype")
        if kind == "init":
            self.session = event.text("session_id")
            failed = (one for one in event.objects("mcp_servers") if one.get("status") not in ("connected", "pending"))
            self.failed_servers = tuple(one.text("name") for one in failed)
            self._messages.log(f"Claude Code began session {self.session} with {event.get('model')}.")
        elif kind == "permission_denied":
            self.refuse(event.text("tool_name"))
        elif kind == "api_retry":
            said = f"{event.get('error_status')} {event.get('error')}, try {event.get('attempt')}"
            self._messages.log(f"The provider answers {said} of {event.get('max_retries')}.", "warning")

    def _assistant(self, message: Told) -> None:
        for block in message.objects("content"):
            if block.text("type") == "text" and block.text("text"):
                self._messages.log(block.text("text"))
            elif block.text("type") == "tool_use":
                name = block.text("name")
                self._tools[block.text("id")] = name
                self._messages.log(f"{name} {json.dumps(block.get('input'), ensure_ascii=False)}"[:LINE_CHARS_MAX])
        usage, id_ = message.object("usage"), message.text("id")
        names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        taken, given = sum(_count(usage, name) for name in names), _count(usage, "output_tokens")
        before = self._counted.get(id_, (0, 0))  # one message comes in several events, each with its usage so far
        now = max(before[0], taken), max(before[1], given)
        if now != before:
            self._counted[id_] = now
            self._messages.spend(now[0] - before[0], now[1] - before[1], None)

    def _answers(self, message: Told) -> None:
        for block in message.objects("content"):
            if block.text("type") != "tool_result":
                continue
            id_, is_error = block.text("tool_use_id"), bool(block.get("is_error"))
            tool = self._tools.pop(id_, "")
            if is_error:  # one that was not allowed has no other end
                self._messages.tool(id_, tool, begun=False)
            self._messages.log(f"{tool}: {_said(block)}"[:LINE_CHARS_MAX], "warning" if is_error else "debug")
            if not is_error and tool != "StructuredOutput":
                self.gave_up = False


def _said(block: Told) -> str:
    """A tool's answer, which is a text or a list of blocks."""
    parts = (str(part.get("text", f"({part.get('type')})")) for part in block.objects("content"))
    return block.text("content") or "\n".join(parts)


def _count(usage: Told, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else 0
