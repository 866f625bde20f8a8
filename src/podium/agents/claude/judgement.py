"""What a run of the program came to. Pure: its exit status says little, so it is judged by what it told."""

import sys
from typing import Final, cast, get_args

from podium.agents.claude.stream import Heard, Json, Stream
from podium.agents.rehearsal.protocol import Messages, Result, Told, Verdict

NO_ANSWER: Final = 70
"""The exit status without a result: a crash, which is tried again (sysexits.h: EX_SOFTWARE)."""
SAID_CHARS_MAX: Final = 2_000
REFUSED_ALWAYS: Final = frozenset({401, 402, 403, 404})
"""The credential, the account's credit, or the model's name: no further try would help."""
GOES_ON: Final = ("blocked", "unavailable")
"""After these the job's next attempt goes on with the session: a question, or trouble of the provider."""
NO_RESULT: Final = "End with the structured result; without it, nothing of the work counts."
_PERSON: Final = "See [agents.claude] in podium.toml, and `podium doctor`."
_VERDICTS: Final = frozenset(get_args(Verdict)) - {"unavailable"}


def judge(heard: Stream) -> Result | None:
    """The result, for a run that told one; None for one that ended without, which is a crash."""
    if heard.failed_servers:
        names = ", ".join(heard.failed_servers)
        return Result("unavailable", f"Podium's own server did not answer the agent: {names}.")
    if heard.stalled:
        return Result("unavailable", "The provider fell silent in the middle of an answer.")
    final = heard.final
    if final is None:
        why = "Claude Code did not begin a session; `podium logs` tells what it said."
        return None if heard.session or heard.was_killed else Result("blocked", why, _PERSON)
    data: Json = {"session": heard.session, "turns": final.get("num_turns"), "refused": heard.refused}
    if final.get("is_error") or final.get("subtype") != "success":
        return _trouble(heard, final, data)
    return concluded(answer(heard), heard, data)


def concluded(said: Json, heard: Heard, data: Json, missing: str = NO_RESULT) -> Result:
    """The result of an agent that came to its own end; `missing` is for one that said none."""
    verdict, summary = str(said.get("verdict")), str(said.get("summary", ""))
    if verdict == "question":
        return Result("blocked", summary, None, {**data, "question": True})
    if verdict not in _VERDICTS:
        return Result("failed", "The agent ended without its structured result.", _refusals(heard) or missing, data)
    if verdict == "passed" and heard.gave_up:
        return Result("failed", "The agent said passed, but was refused what it tried last.", _refusals(heard), data)
    return Result(cast("Verdict", verdict), summary, str(said.get("feedback") or "") or None, data)


def goes_on(heard: Stream, result: Result) -> bool:
    """Whether the session is kept for the job's next attempt: a question, trouble of the provider, no turns left."""
    ran_out = (heard.final or Told()).text("subtype") == "error_max_turns"
    return ran_out or result.verdict in GOES_ON


def answer(heard: Stream) -> Json:
    """The structured result, which the program has held to the role's schema; empty without one."""
    return (heard.final or Told()).object("structured_output")


def not_started(program: str, error: Exception) -> Result:
    """The result of an agent whose program cannot be started as it is told."""
    return Result("blocked", f"{program} could not be started: {error}", "See `podium doctor`.")


def hand_over(messages: Messages, result: Result | None, told: Json | None = None) -> int:
    """Say the artifacts of an answer and the result; the exit status."""
    if result is None:
        sys.stderr.write("The agent ended without a result; its last words are above.\n")
        return NO_ANSWER
    for made in Told(told or {}).objects("artifacts"):
        kind, key, title, path = (made.text(name) for name in ("kind", "key", "title", "path"))
        messages.artifact(kind, key, title, made.object("data"), path or None)
    messages.result(result)
    return 0


def _trouble(heard: Stream, final: Json, data: Json) -> Result:
    """The provider's trouble, the budget's end, or the job's own failure."""
    said, status = str(final.get("result") or final.get("subtype"))[:SAID_CHARS_MAX], final.get("api_error_status")
    data |= {"api_error_status": status}
    if status == 429 and heard.resets_at:
        data |= {"resets_at": heard.resets_at}
    if isinstance(status, int) and (refused := refusal(status, said, _PERSON, data)):
        return refused
    if status is None and final.get("terminal_reason") == "api_error":
        return Result("unavailable", f"The provider cannot be reached: {said}", None, data)
    if final.get("subtype") == "error_max_budget_usd" and heard.is_last:
        return Result("unavailable", "The project's budget is used up.", None, data)
    if final.get("subtype") == "error_max_budget_usd":
        return Result("blocked", f"The attempt's budget is used up: {said}", _PERSON, data)
    return Result("failed", f"Claude Code ended with an error: {said}", said, data)


def refusal(status: int, said: str, person: str, data: Json) -> Result | None:
    """What an answer of the provider's with this HTTP status comes to; None where it says nothing."""
    if status in REFUSED_ALWAYS:
        return Result("blocked", f"The provider refuses ({status}): {said}", person, data)
    if status in (408, 429) or status >= 500:
        return Result("unavailable", f"The provider answers {status}: {said}", None, data)
    return None


def _refusals(heard: Heard) -> str:
    if not heard.refused:
        return ""
    names = ", ".join(dict.fromkeys(heard.refused))
    return f"Your role may not use this as you tried: {names}. Do without it, or answer `blocked` and say why."
