"""The step's gates (PIP-8), judged where the work is; whatever is not clearly passed fails closed."""

import time
from typing import Any

from podium.runner.clone import Work
from podium.runner.journal import Journal
from podium.runner.lines import Redactor, Tail
from podium.runner.protocol import Conversation
from podium.runner.spec import Spec, environment, fill
from podium.runner.start import Run, inside
from podium.runner.supervise import Ended, Supervisor

PASSED, FAILED, COULD_NOT_RUN = "passed", "failed", "could-not-run"

Gate = dict[str, Any]
Judged = tuple[str, str]
"""A gate's outcome and what is to be read about it."""


class Gates:
    """Judges one attempt's work. `approval` is left to the orchestrator."""

    def __init__(
        self, spec: Spec, supervisor: Supervisor, journal: Journal, redactor: Redactor, heard: Conversation
    ) -> None:
        self._spec, self._supervisor, self._journal = spec, supervisor, journal
        self._redactor, self._heard = redactor, heard
        self.were_interrupted = False
        """Whether a request to stop came before all had answered."""
        self.lacked_room = False
        """Whether one of them did not pass while the disk was full, which says nothing about the work."""

    def judge(self, work: Work) -> list[Gate]:
        """The results of all gates but approvals, as JSON; fewer when the runner is told to stop."""
        results: list[Gate] = []
        self.lacked_room = False
        for gate in self._spec.gates:
            if gate.get("kind") == "approval":
                continue
            if self.were_interrupted:
                break
            started = time.monotonic()
            outcome, detail = self._judge_one(gate, work)
            seconds = round(time.monotonic() - started, 3)
            results.append(result(str(gate.get("name", "")), outcome, detail, seconds))
            level = "info" if outcome == PASSED else "warning"
            self._journal.note(f"{gate.get('name')}: {outcome}\n{detail}".strip(), level, "gate")
        return results

    def _judge_one(self, gate: Gate, work: Work) -> Judged:
        try:
            if gate["kind"] == "change":
                return (PASSED, "") if work.differs else (FAILED, "Nothing was changed.")
            if gate["kind"] == "result":
                return self._result(gate)
            if gate["kind"] == "command":
                return self._command(gate)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a gate, it has not passed
            return COULD_NOT_RUN, f"{type(error).__name__}: {error}"
        return COULD_NOT_RUN, f"There is no gate of kind {gate['kind']!r}."

    def _result(self, gate: Gate) -> Judged:
        kinds = {artifact["kind"] for artifact in self._heard.artifacts}
        data: Gate = self._heard.result["data"] if self._heard.result else {}
        missing = [name for name in gate["require"] if name not in kinds and data.get(name) in (None, "", [], {})]
        return (FAILED, f"The result holds no {', no '.join(missing)}.") if missing else (PASSED, "")

    def _command(self, gate: Gate) -> Judged:
        argv = fill(tuple(gate["command"]))
        if not argv:
            return COULD_NOT_RUN, "The gate has no command."
        tail = Tail(self._spec.limits.gate_output_bytes_max)
        seconds = float(gate.get("timeout_seconds", 600.0))
        env = environment(self._spec) | {"PYTHONDONTWRITEBYTECODE": "1"}
        self._supervisor.room.begin_phase()
        ended = self._supervisor.run(inside(self._spec, Run(argv, env, self._spec.clone, seconds, tail, tail)))
        self.were_interrupted |= ended.cause == "cancelled"
        outcome = _outcome(ended, gate.get("expect", "passed"))
        if outcome != PASSED and ended.cause == "exited" and self._supervisor.room.look():
            self.lacked_room = True
            outcome = COULD_NOT_RUN
        return outcome, self._redactor.text(f"{_how(ended, seconds)}\n{tail.text()}".strip())


def result(name: str, outcome: str, detail: str = "", seconds: float = 0.0) -> Gate:
    """A gate's result as the report holds it."""
    return {"name": name, "outcome": outcome, "detail": detail, "seconds": seconds}


def _outcome(ended: Ended, expect: str) -> str:
    """0 and 1 are a test program's answers; any other status means that it did not get to answer."""
    if ended.cause != "exited" or ended.status not in {0, 1}:
        return COULD_NOT_RUN
    wanted = 1 if expect == "failed" else 0
    return PASSED if ended.status == wanted else FAILED


def _how(ended: Ended, seconds: float) -> str:
    if ended.cause == "timed-out":
        return f"It was ended after {seconds:g} s."
    if ended.cause == "not-started":
        return f"It could not be started: {ended.error}."
    return f"It was interrupted ({ended.cause})." if ended.cause != "exited" else f"It ended with {ended.describe()}."
