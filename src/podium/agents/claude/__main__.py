"""The agent's entry point: an assignment in, the real program run, the command protocol's messages out."""

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from podium.agents.claude import judgement, order
from podium.agents.claude.session import Session
from podium.agents.claude.stream import Json, Stream
from podium.agents.rehearsal.protocol import Messages, Result
from podium.domain.errors import PodiumError

READ_BYTES = 1 << 16
NO_ANSWER = 70
"""The exit status when the program ended without a result: a crash, which is tried again (sysexits.h: EX_SOFTWARE)."""


def main() -> int:
    """Do one attempt in the current directory; the exit status is 0 when a result was given."""
    parser = argparse.ArgumentParser(prog="podium.agents.claude")
    parser.add_argument("--program", default="claude")
    parser.add_argument("--model", default="")
    parser.add_argument("--fallback-model", default="")
    parser.add_argument("--budget-usd", type=float, default=order.BUDGET_USD)
    parser.add_argument("--max-turns", type=int, default=0)
    parser.add_argument("--stall-seconds", type=float, default=order.STALL_SECONDS)
    chosen = order.Choice(**vars(parser.parse_args()))
    assignment: Json = json.loads(Path(os.environ["PODIUM_ASSIGNMENT"]).read_text("utf-8"))
    messages, session = Messages(sys.stdout), Session(os.environ)
    try:
        heard = _run(assignment, chosen, messages, session)
        if session.id and not heard.session:
            messages.log("The job's session cannot be resumed; it begins anew.", "warning")
            session.end()
            heard = _run(assignment, chosen, messages, session)
    except (PodiumError, OSError) as error:
        messages.result(Result("blocked", f"Claude Code could not be started: {error}", "See `podium doctor`."))
        return 0
    totals = heard.settle(session.totals)
    result = judgement.judge(heard)
    if totals is not None and heard.has_begun:
        session.keep(heard.session, totals)
    if result is None:
        sys.stderr.write("Claude Code ended without a result; its last words are above.\n")
        return NO_ANSWER
    if not judgement.goes_on(heard, result):
        session.end()
    for made in judgement.artifacts(heard):
        messages.artifact(**made)
    messages.result(result)
    return 0


def _run(assignment: Json, chosen: order.Choice, messages: Messages, session: Session) -> Stream:
    """Run the program to its end, or until it is plain that it will not come to one. Its errors go to the log."""
    heard, asked = Stream(messages), order.make(assignment, chosen, os.environ, Path.cwd(), session)
    heard.is_last = asked.is_last
    with tempfile.TemporaryFile("w+", encoding="utf-8") as prompt:  # a pipe breaks when nobody reads it
        prompt.write(asked.prompt)
        prompt.seek(0)
        process = subprocess.Popen(asked.argv, env=dict(asked.env), stdin=prompt, stdout=subprocess.PIPE)
    with process:
        for line in _lines(process, heard, chosen.stall_seconds):
            heard.hear(line)
            if heard.has_begun:
                session.keep(heard.session)
            if heard.failed_servers:  # before a token is paid for
                process.kill()
    heard.was_killed = process.returncode < 0
    return heard


def _lines(process: subprocess.Popen[bytes], heard: Stream, stall_seconds: float) -> Iterator[str]:
    """What it says, line by line, until its end, or until it has waited too long for its provider."""
    assert process.stdout is not None
    fd, rest = process.stdout.fileno(), b""
    while True:
        if not select.select([fd], [], [], stall_seconds)[0]:
            if not heard.awaits_provider:
                continue
            heard.stalled = True
            process.kill()
        said = os.read(fd, READ_BYTES)
        *lines, rest = (rest + said).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
        if not said:
            break
    if rest:
        yield rest.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
