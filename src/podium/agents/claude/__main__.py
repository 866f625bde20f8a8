"""The agent's entry point: an assignment in, the real program run, the command protocol's messages out."""

import json
import os
import select
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from podium.agents.claude import judgement, order
from podium.agents.claude.hooks import Hooks
from podium.agents.claude.stream import Json, Stream
from podium.agents.inbox import Inbox
from podium.agents.job_session import JobSession
from podium.agents.rehearsal.protocol import Messages
from podium.credential import VARIABLE
from podium.domain.errors import PodiumError

READ_BYTES = 1 << 16


def main() -> int:
    """Do one attempt in the current directory; the exit status is 0 when a result was given."""
    chosen = order.options("claude").parse_args()
    assignment: Json = json.loads(Path(os.environ["PODIUM_ASSIGNMENT"]).read_text("utf-8"))
    messages, session = Messages(sys.stdout), JobSession(os.environ)
    try:
        heard = _run(assignment, chosen, messages, session)
        if session.id and not heard.session:
            messages.log("The job's session cannot be resumed; it begins anew.", "warning")
            session.end()
            heard = _run(assignment, chosen, messages, session)
    except (PodiumError, OSError) as error:
        return judgement.hand_over(messages, judgement.not_started("Claude Code", error))
    totals = heard.settle(session.totals)
    result = judgement.judge(heard)
    if totals is not None and heard.has_begun:
        session.keep(heard.session, totals)
    if result is not None and not judgement.goes_on(heard, result):
        session.end()
    return judgement.hand_over(messages, result, judgement.answer(heard))


def _run(assignment: Json, chosen: Namespace, messages: Messages, session: JobSession) -> Stream:
    """Run the program to its end, or until it is plain that it will not come to one. Its errors go to the log."""
    heard, hooks = Stream(messages), _hooks(assignment, messages)
    asked = order.make(assignment, chosen, os.environ, Path.cwd(), session, hooks.settings() if hooks else "")
    heard.is_last = asked.is_last
    with tempfile.TemporaryFile("w+", encoding="utf-8") as prompt:  # a pipe breaks when nobody reads it
        prompt.write(asked.prompt)
        prompt.seek(0)
        process = subprocess.Popen(asked.argv, env=dict(asked.env), stdin=prompt, stdout=subprocess.PIPE)
    with process, hooks or nullcontext():
        for line in _lines(process, heard, chosen.stall_seconds, hooks):
            heard.hear(line)
            if heard.has_begun:
                session.keep(heard.session)
            if heard.failed_servers:  # before a token is paid for
                process.kill()
    heard.was_killed = process.returncode < 0
    return heard


def _hooks(assignment: Json, messages: Messages) -> Hooks | None:
    """What serves the program's hooks; nobody does for an attempt without a credential."""
    if VARIABLE not in os.environ:
        return None
    told = {int(one["id"]) for one in assignment.get("messages") or ()}
    return Hooks(messages, Inbox(os.environ, told, order.told_folder(os.environ)), os.environ)


def _lines(process: subprocess.Popen[bytes], heard: Stream, stall_seconds: float, hooks: Hooks | None) -> Iterator[str]:
    """What it says, line by line, until its end, or until it has waited too long for its provider."""
    assert process.stdout is not None
    fd, rest = process.stdout.fileno(), b""
    heard_from: list[Any] = [fd] if hooks is None else [fd, hooks]
    while True:
        ready: list[Any] = select.select(heard_from, [], [], stall_seconds)[0]
        if hooks is not None and hooks in ready:
            hooks.handle_request()
        if not ready and heard.awaits_provider:
            heard.stalled = True
            process.kill()
        elif fd not in ready:
            continue
        said = os.read(fd, READ_BYTES)
        *lines, rest = (rest + said).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
        if not said:
            break
    if rest:
        yield rest.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
