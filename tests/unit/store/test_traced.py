"""What has ended, as the log tells it to whoever makes traces; the same from each database."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium.clock import SteadyClock
from podium.domain.command import Decide, Verdict
from podium_otel.traces import RETRY_SECONDS, Ended, Traces, span
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.requirement("MET-1")


async def read_nothing(_: object) -> Any:
    raise AssertionError("nobody asks")


def ended(desk: Desk) -> list[Ended]:
    found = (Ended(*row) for row in desk.store.rows.all("log_traced", (0, 10_000)))
    return [each for each in found if each.kind]


def test_a_complete_project_is_one_trace_of_its_runs_and_their_attempts() -> None:
    desk = Desk()
    desk.complete()
    found = ended(desk)
    assert Counter(each.kind for each in found) == {"attempt": len(desk.told("job.passed")), "run": 3, "project": 1}
    spans: list[Any] = [span(each) for each in found]
    root, runs = spans[-1], {each.name: each for each in spans if each.name in ("genesis", "development", "content")}
    assert (root.name, root.parent) == ("p", None)
    assert {each.context.trace_id for each in spans} == {root.context.trace_id}
    assert len({each.context.span_id for each in spans}) == len(spans)
    for each in spans[:-1]:
        above = root if each in runs.values() else runs[each.attributes["podium.workflow"]]
        assert each.parent.span_id == above.context.span_id
        assert above.start_time <= each.start_time <= each.end_time <= above.end_time
        assert each.status.is_ok


def test_an_attempt_that_fails_says_why_and_an_approval_later_ends_no_attempt_again() -> None:
    desk = Desk()
    desk.submit()
    lease = desk.run_to("implement")
    before = len(ended(desk))
    desk.finish(lease, Verdict("retry", "crashed: signal 9", charged=True))
    desk.finish(desk.run_to("implement"), Verdict("escalate", "sent back 3 times", review="quality"))
    ((review, _),) = desk.reviews()
    desk.do(Decide(review, "approve", "ann"))
    assert desk.told("job.passed")[-1] == {"summary": "approved by ann"}
    spans: list[Any] = [span(each) for each in ended(desk)[before:]]
    first, second = spans
    assert (first.status.is_ok, first.status.description) == (False, "retry")
    assert first.attributes["podium.reason"] == "crashed: signal 9"
    assert (second.status.is_ok, second.status.description) == (False, "escalate")
    told = Traces(SteadyClock(), read_nothing, lambda _: True, Path()).environment(lease.name)
    assert told == {"TRACEPARENT": f"00-{first.context.trace_id:032x}-{first.context.span_id:016x}-01"}


def test_what_a_collector_does_not_take_is_sent_again_and_nothing_twice(tmp_path: Path) -> None:
    desk, sent, answers = Desk(), list[list[str]](), [False, True]

    async def read(question: Callable[[Any], Any]) -> Any:
        return question(desk.store.rows)

    def send(spans: Any) -> bool:
        sent.append([each.name for each in spans])
        return answers.pop(0)

    async def look() -> float:
        return await Traces(SteadyClock(), read, send, tmp_path / "traces.seq").run_once()

    desk.submit("before")
    asyncio.run(look())  # a home begins to send with what happens from now on
    desk.finish(desk.lease()[0])
    assert asyncio.run(look()) == RETRY_SECONDS
    asyncio.run(look())
    asyncio.run(look())
    assert sent == [["genesis.analyze"], ["genesis.analyze"]]
