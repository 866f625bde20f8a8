"""What a run's events come to; their shapes are those of Claude Code 2.1.330."""

import io
import json
from typing import Any

import pytest

from podium.agents.claude import judgement
from podium.agents.claude.stream import Stream
from podium.agents.job_session import Totals
from podium.agents.rehearsal.protocol import Messages

DENIED = {"type": "system", "subtype": "permission_denied", "tool_name": "Bash", "tool_use_id": "t1"}
PASSED: dict[str, Any] = {
    "verdict": "passed",
    "summary": "done",
    "artifacts": [{"kind": "plan", "key": "plan", "title": "P", "data": {}}],
}


def init(status: str = "connected") -> dict[str, Any]:
    servers = [{"name": "communication", "status": status}]
    return {"type": "system", "subtype": "init", "session_id": "s1", "model": "m", "mcp_servers": servers}


def used(tool: str, id_: str, message: str, tokens: tuple[int, int] = (10, 0)) -> dict[str, Any]:
    usage = {"input_tokens": tokens[0], "output_tokens": tokens[1]}
    content: list[dict[str, Any]] = [{"type": "tool_use", "id": id_, "name": tool, "input": {}}]
    return {"type": "assistant", "message": {"id": message, "content": content, "usage": usage}}


def answered(id_: str, *, is_error: bool = False) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": id_, "content": "x", "is_error": is_error}
    return {"type": "user", "message": {"content": [block]}}


def ended(output: Any = PASSED, cost: float | None = 0.5, **more: Any) -> dict[str, Any]:
    usage = {"m": {"inputTokens": 30, "cacheReadInputTokens": 5, "cacheCreationInputTokens": 0, "outputTokens": 7}}
    end: dict[str, Any] = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "num_turns": 2,
        "permission_denials": [],
    }
    return {**end, "structured_output": output, "total_cost_usd": cost, "modelUsage": usage, **more}


def heard(*events: dict[str, Any]) -> tuple[Stream, list[dict[str, Any]]]:
    out = io.StringIO()
    stream = Stream(Messages(out))
    for event in events:
        stream.hear(json.dumps(event) + "\n")
    stream.settle(Totals())
    return stream, [json.loads(line) for line in out.getvalue().splitlines()]


def verdict(*events: dict[str, Any]) -> str | None:
    result = judgement.judge(heard(*events)[0])
    return result and result.verdict


def test_a_structured_result_counts_with_its_artifacts() -> None:
    stream, _ = heard(init(), ended())
    assert verdict(init(), ended()) == "passed"
    out = io.StringIO()
    assert judgement.hand_over(Messages(out), judgement.judge(stream), judgement.answer(stream)) == 0
    made, result = map(json.loads, out.getvalue().splitlines())
    assert made == {"type": "artifact", "kind": "plan", "key": "plan", "title": "P", "data": {}, "path": None}
    assert result["verdict"] == "passed"


def test_no_result_is_a_crash() -> None:
    assert verdict(init(), used("Read", "t1", "m1")) is None


@pytest.mark.parametrize("output", [None, "passed", {"verdict": "unavailable"}, {"verdict": ["passed"]}])
def test_without_its_structured_result_nothing_has_passed(output: Any) -> None:
    assert verdict(init(), ended(output)) == "failed"


def test_a_refusal_is_forgiven_when_another_way_was_found() -> None:
    refusal = (used("Bash", "t1", "m1"), DENIED, answered("t1", is_error=True))
    final = (used("StructuredOutput", "t9", "m9"), answered("t9"), ended())
    assert verdict(init(), *refusal, *final) == "failed"
    assert verdict(init(), *refusal, used("Read", "t2", "m2"), answered("t2"), *final) == "passed"


def test_a_refusal_that_only_the_end_tells_of_counts() -> None:
    assert verdict(init(), ended(permission_denials=[{"tool_name": "Bash", "tool_input": {}}])) == "failed"


def test_a_server_that_did_not_answer_lets_nothing_pass() -> None:
    assert verdict(init("failed"), ended()) == "unavailable"


@pytest.mark.requirement("REC-3")
@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        (429, "api_error", "unavailable"), (500, "api_error", "unavailable"), (529, "api_error", "unavailable"),
        (None, "api_error", "unavailable"), (401, "api_error", "blocked"), (403, "api_error", "blocked"),
        (400, "api_error", "failed"), (None, "max_turns", "failed"),
    ],
)  # fmt: skip
def test_the_providers_trouble_is_told_from_the_jobs(status: int | None, reason: str, word: str) -> None:
    """`subtype` says success all the same."""
    end = ended(None, is_error=True, api_error_status=status, terminal_reason=reason, result="API Error")
    assert verdict(init(), end) == word


@pytest.mark.requirement("INS-7")
def test_spend_is_told_as_it_comes_and_adds_up_to_the_total() -> None:
    twice = used("Read", "t1", "m1", (20, 1)), used("Read", "t2", "m1", (20, 3))
    _, said = heard(init(), *twice, ended())
    spent = [message for message in said if message["type"] == "spend"]
    assert (sum(s["input_tokens"] for s in spent), sum(s["output_tokens"] for s in spent)) == (35, 7)
    assert [s["cost_usd"] for s in spent] == [None, None, 0.5]


def test_an_unknown_cost_stays_unknown() -> None:
    _, said = heard(init(), used("Read", "t1", "m1"), ended(cost=None))
    assert {message["cost_usd"] for message in said if message["type"] == "spend"} == {None}


def test_what_is_no_event_is_a_log_line() -> None:
    out = io.StringIO()
    Stream(Messages(out)).hear('{"type": "assistant", \n')
    assert json.loads(out.getvalue())["type"] == "log"
