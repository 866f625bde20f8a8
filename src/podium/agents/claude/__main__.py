"""The agent's entry point: an assignment in, the real program run, the command protocol's messages out."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from podium.agents.claude import judgement, order
from podium.agents.claude.stream import Json, Stream
from podium.agents.rehearsal.protocol import Messages, Result
from podium.domain.errors import PodiumError

NO_ANSWER = 70
"""The exit status when the program ended without a result: a crash, which is tried again (sysexits.h: EX_SOFTWARE)."""


def main() -> int:
    """Do one attempt in the current directory; the exit status is 0 when a result was given."""
    parser = argparse.ArgumentParser(prog="podium.agents.claude")
    parser.add_argument("--program", default="claude")
    parser.add_argument("--model", default="")
    parser.add_argument("--budget-usd", type=float, default=order.BUDGET_USD)
    said = parser.parse_args()
    assignment: Json = json.loads(Path(os.environ["PODIUM_ASSIGNMENT"]).read_text("utf-8"))
    messages = Messages(sys.stdout)
    try:
        asked = order.make(assignment, said.program, said.model, said.budget_usd, os.environ, Path.cwd())
        heard = _run(asked, messages)
    except (PodiumError, OSError) as error:
        messages.result(Result("blocked", f"Claude Code could not be started: {error}", "See `podium doctor`."))
        return 0
    heard.settle()
    result = judgement.judge(heard)
    if result is None:
        sys.stderr.write("Claude Code ended without a result; its last words are above.\n")
        return NO_ANSWER
    for made in judgement.artifacts(heard):
        messages.artifact(**made)
    messages.result(result)
    return 0


def _run(asked: order.Order, messages: Messages) -> Stream:
    """Run the program to its end, or until it is plain that it cannot speak to Podium. Its errors go to the log."""
    heard = Stream(messages)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as prompt:  # a pipe breaks when nobody reads it
        prompt.write(asked.prompt)
        prompt.seek(0)
        process = subprocess.Popen(
            asked.argv, env=dict(asked.env), stdin=prompt, stdout=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            heard.hear(line)
            if heard.failed_servers:  # before a token is paid for
                process.kill()
    heard.was_killed = process.returncode < 0
    return heard


if __name__ == "__main__":
    sys.exit(main())
