"""Runs a program for a moment, with nothing of this process's environment, and tells what came of it."""

import os
import subprocess
from collections.abc import Sequence
from subprocess import DEVNULL, PIPE, STDOUT
from typing import Final, NamedTuple

PROBE_SECONDS: Final = 5.0
OUTPUT_CHARS_MAX: Final = 500


class Ran(NamedTuple):
    """A program's end: its exit status, or None with the reason why it has none."""

    status: int | None
    said: str


def run(argv: Sequence[str], seconds: float = PROBE_SECONDS) -> Ran:
    """Run a program for at most so long; it is ended and collected in every case.

    It is told of nothing but where programs are found: no credential of this shell reaches it.
    """
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/nonexistent"}
    try:
        ran = subprocess.run(argv, env=env, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, timeout=seconds, check=False)
    except OSError as error:
        return Ran(None, error.strerror or str(error))
    except subprocess.TimeoutExpired:
        return Ran(None, f"no answer within {seconds:g} s")
    return Ran(ran.returncode, " ".join(ran.stdout.decode("utf-8", "replace").split())[:OUTPUT_CHARS_MAX])
