"""One attempt from clone to report. The report has the fields of `podium.domain.attempt.Report`, as JSON."""

import time
import traceback
from functools import cached_property
from typing import Any

from podium.runner import gates, shortage
from podium.runner.clone import Clone, Work
from podium.runner.git import Git, GitFailedError
from podium.runner.journal import LOG, RAW, Journal
from podium.runner.lines import Lines, Redactor
from podium.runner.protocol import Conversation
from podium.runner.spec import Spec, environment
from podium.runner.start import Run, inside
from podium.runner.supervise import Ended, Supervisor
from podium.runner.tools import Tools

FINISHED, CRASHED, TIMED_OUT = "finished", "crashed", "timed-out"
CANCELLED, COULD_NOT_START = "cancelled", "could-not-start"

DETAIL_CHARS_MAX = 4_000
GATE_TRIES_MAX = 3
"""How often the gates are asked when the disk is full."""

Report = dict[str, Any]


class Attempt:
    """Runs one attempt. `report` never raises: what goes wrong is in the report."""

    def __init__(self, spec: Spec, supervisor: Supervisor, patience: shortage.Patience) -> None:
        self._spec, self._supervisor, self._patience = spec, supervisor, patience
        self._redactor = Redactor(spec.secrets)
        self._journal = Journal(spec.directory / LOG, spec.limits.log_bytes_max)
        self._tools = Tools(spec.directory)
        self._heard = Conversation(spec.limits, self._redactor, spec.step)
        self._git = Git(spec, supervisor)
        self._clone = Clone(spec, self._git)
        self._agent_ran = False
        self._is_environment = False
        """Whether the machine is why it came to nothing (REC-9)."""
        self._has_filled_disk = False
        """Whether it is the agent itself that has left no room, for anybody."""

    def report(self) -> Report:
        """Do the whole attempt and say how it went; nothing of it is running any more."""
        started_at = time.time()
        try:
            ending, detail = self._run_agent()
            outcome = self._deliver(ending, detail)
        except Exception:  # noqa: BLE001 - a defect of the runner must still end in a report
            self._supervisor.end_tree()
            ending = CRASHED if self._agent_ran else COULD_NOT_START
            outcome = {"ending": ending, "detail": f"The runner failed: {traceback.format_exc()[-DETAIL_CHARS_MAX:]}"}
        result = self._heard.result or {}
        report: Report = {name: result.get(name) for name in ("verdict", "summary", "feedback", "data")}
        report |= {"artifacts": self._heard.artifacts, "spend": self._heard.spend, "gates": []}
        report |= {"commit": None, "salvage": None, "started_at": started_at, "ended_at": time.time()}
        report |= outcome | {"is_environment": self._is_environment}
        if self._agent_ran and (self._is_environment or self._has_filled_disk):
            why = "it filled the disk" if self._has_filled_disk else "there is no room on the disk"
            report["detail"] = f"{why}. {report['detail']}".strip()
        report["detail"] = self._redactor.text(report["detail"])
        self._journal.note(f"The attempt ended: {report['ending']} {report['detail']}".strip())
        return report

    def _run_agent(self) -> tuple[str, str]:
        """Clone, run the agent to its end, and name the ending."""
        try:
            self._clone.make()
        except (GitFailedError, OSError) as error:
            if self._supervisor.stop_requested:
                return CANCELLED, "cancelled before the agent started"
            self._is_environment = self._lacks_room(error)
            return COULD_NOT_START, f"The clone could not be made: {error}"
        limits = self._spec.limits
        out, err = Lines(limits.line_bytes_max, self._take), Lines(limits.line_bytes_max, self._take_error)
        env, started_at = environment(self._spec) | self._spec.env, time.time()
        self._supervisor.room.begin_phase()
        run = Run(self._spec.argv, env, self._spec.clone, self._spec.timeout_seconds, out, err)
        until = {"wants_stop": lambda: bool(self._heard.excess), "is_done": lambda: self._heard.result is not None}
        run = run._replace(**until, linger_seconds=limits.result_grace_seconds)
        ended = self._supervisor.run(inside(self._spec, run))
        self._agent_ran = ended.cause != "not-started"
        self._tools.end_all()
        self._make_room(started_at)
        out.end()
        err.end()
        return self._ending(ended)

    def _take(self, line: bytes, cut: bool) -> None:
        """Keep what the agent says where it belongs."""
        message = self._heard.hear(line, cut)
        if message["type"] == "tool":
            self._tools.hear(message)
        elif message["type"] == "raw":
            self._raw.write("agent", message)
        else:
            self._journal.write("agent", message)

    def _take_error(self, line: bytes, cut: bool) -> None:
        self._journal.write("stderr", self._heard.as_log(line, cut))

    @cached_property
    def _raw(self) -> Journal:
        """Made for the first such message: few agents have words of their own."""
        return Journal(self._spec.directory / RAW, self._spec.limits.raw_bytes_max)

    def _ending(self, ended: Ended) -> tuple[str, str]:
        if ended.cause == "not-started":
            self._is_environment = ended.errno in shortage.ERRNOS
            return COULD_NOT_START, f"The agent could not be started: {ended.error}."
        if ended.cause == "cancelled":
            return CANCELLED, "cancelled"
        if ended.cause == "timed-out":
            return TIMED_OUT, f"ended after {self._spec.timeout_seconds:g} s"
        if self._heard.excess:
            return CRASHED, f"ended because {self._heard.excess}"
        if ended.cause == "lingered":
            seconds = self._spec.limits.result_grace_seconds
            self._journal.note(f"The agent gave its result, but did not exit within {seconds:g} s: ended.", "warning")
            return FINISHED, ""
        if ended.status != 0:
            return CRASHED, ended.describe()
        if self._heard.result is None:
            return CRASHED, "ended without a result"
        return FINISHED, ""

    def _deliver(self, ending: str, detail: str) -> Report:
        """Commit what is left over, bundle it, and judge it when the agent says that it passes."""
        report: Report = {"ending": ending, "detail": detail}
        if not self._agent_ran:
            return report
        if ending != FINISHED or self._heard.result is None or self._heard.result["verdict"] != "passed":
            is_short = ending in {CRASHED, FINISHED} and self._supervisor.room.look()
            self._is_environment = is_short and not self._has_filled_disk
            return report | {"salvage": self.salvage()}
        summary = self._heard.result["summary"].strip() or self._spec.step
        try:
            work = self._package(f"{summary}\n")
        except (GitFailedError, OSError) as error:
            self._is_environment = self._lacks_room(error)
            refused = gates.result("delivery", gates.COULD_NOT_RUN, f"What was done cannot be delivered: {error}")
            return report | {"gates": [refused], "salvage": self.salvage()}
        if not work.descends:
            rewritten = f"The history before {self._spec.base[:12]} was rewritten or left; build on that commit."
            return report | {"gates": [gates.result("history", gates.FAILED, rewritten)], "salvage": work.commit}
        return self._judge(report, work)

    def _judge(self, report: Report, work: Work) -> Report:
        """Run the gates on what is delivered; a stop request while they run ends the attempt as cancelled."""
        judges = gates.Gates(self._spec, self._supervisor, self._journal, self._redactor, self._heard)
        results = judges.judge(work)
        for _ in range(GATE_TRIES_MAX - 1):  # what fails on a full disk says nothing about the work
            if not judges.lacked_room or not self._patience.wait():
                break
            results = judges.judge(work)
        self._is_environment = judges.lacked_room
        commit = work.commit if work.is_new else None
        if judges.were_interrupted:
            return report | {"ending": CANCELLED, "detail": "cancelled", "gates": results, "salvage": commit}
        return report | {"gates": results, "commit": commit}

    def salvage(self) -> str | None:
        """Save unfinished work in the bundle; its commit, or None when there is none or it cannot be saved."""
        try:
            work = self._package(f"Unfinished work of {self._spec.instance} on {self._spec.attempt}\n", True)
        except (GitFailedError, OSError) as error:
            self._journal.note(f"Unfinished work could not be saved: {error}", "warning")
            return None
        return work.commit if work.is_new else None

    def _package(self, message: str, is_partial: bool = False) -> Work:
        """Commit and bundle what there is; on a full disk again and again, since it may have cost much to make."""

        def once() -> Work:
            self._git.begin_phase()
            self._supervisor.room.begin_phase()
            self._clone.take_back()
            work = self._clone.work(message, is_partial)
            if work.is_new:
                self._clone.bundle(work)
            return work

        return self._patience.do(once, self._lacks_room)

    def _lacks_room(self, error: Exception) -> bool:
        """Whether the machine is at fault. Git does not always say why it could not write."""
        is_short = error.is_environment if isinstance(error, GitFailedError) else shortage.is_shortage(error)
        return is_short or self._supervisor.room.look()

    def _make_room(self, started_at: float) -> None:
        """An agent that has filled the disk must not stop everybody else: the large files that it wrote go."""
        directory = self._spec.directory
        if not shortage.is_full(directory) or not self._supervisor.room.is_own():
            return
        self._has_filled_disk = True
        count = shortage.remove_large(directory, started_at)
        self._journal.note(f"The agent had filled the disk: {count} large files that it wrote were removed.", "warning")
