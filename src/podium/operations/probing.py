"""Runs a program for a moment to find out about it, with nothing of this process's environment."""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

PROBE_SECONDS: Final = 5.0
OUTPUT_CHARS_MAX: Final = 200


class Ran(NamedTuple):
    """A program's end: its exit status, or None with the reason why it has none."""

    status: int | None
    said: str


async def run(argv: Sequence[str], env: Mapping[str, str], seconds: float = PROBE_SECONDS) -> Ran:
    """Run a program with exactly this environment, for at most so long; it is ended and collected in every case."""
    try:
        ran = await asyncio.to_thread(
            subprocess.run, argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=seconds, check=False,
        )  # fmt: skip
    except OSError as error:
        return Ran(None, error.strerror or str(error))
    except subprocess.TimeoutExpired:
        return Ran(None, f"no answer within {seconds:g} s")
    return Ran(ran.returncode, " ".join(ran.stdout.decode("utf-8", "replace").split())[:OUTPUT_CHARS_MAX])


def environment() -> dict[str, str]:
    """Nothing of ours but where programs are found: no credential of this shell reaches a probe."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/nonexistent"}
