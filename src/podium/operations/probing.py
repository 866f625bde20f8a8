"""Runs a program for a moment to find out about it, with nothing of this process's environment."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(env),
        )
    except OSError as error:
        return Ran(None, error.strerror or str(error))
    try:
        out, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        return Ran(None, f"no answer within {seconds:g} s")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return Ran(process.returncode, " ".join(out.decode("utf-8", "replace").split())[:OUTPUT_CHARS_MAX])


def environment() -> dict[str, str]:
    """Nothing of ours but where programs are found: no credential of this shell reaches a probe."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/nonexistent"}
