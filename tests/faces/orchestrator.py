"""A real orchestrator in a process of its own that can also be asked directly: an operation called in its own loop.

Run as a program it serves a home: one question a line on standard input, one answer a line on standard output.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from podium import credential
from podium.app import RealWorld
from podium.domain.access import OPERATOR
from podium.domain.errors import PodiumError
from podium.faces.cli.client import Client
from podium.operations.catalogue import operation_named
from podium.operations.context import Context
from podium.operations.invoke import invoke
from podium.operations.operation import understood
from tests.faces.command_line import ROOT


class Orchestrator:
    """The process, as a test has it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        command, pipe = [sys.executable, "-m", "tests.faces.orchestrator", str(home)], subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self.url: str = self._line()["url"]
        self.headers = {"Authorization": f"Bearer {credential.read(home)}"}

    def ask(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer, or `{"refused": words}`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, asked]) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        """End it with signal 9; its attempts go on."""
        self._process.kill()
        self._process.communicate(timeout=60)

    def close(self) -> None:
        """End it and its attempts."""
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


async def answer(context: Context, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """An operation called as a function."""
    operation = operation_named(name)
    try:
        return (await invoke(operation, context, understood(operation, asked), OPERATOR)).model_dump(mode="json")
    except PodiumError as error:
        return {"refused": str(error)}


async def serve(home: Path) -> None:
    """Until there are no more questions."""
    world = RealWorld()
    async with world.orchestrate(home, port=0) as orchestra:
        found = None
        while found is None:
            found = await asyncio.to_thread(Client(home, lambda: world).running)
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
        while line := await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(json.dumps(await answer(orchestra.context, *json.loads(line))) + "\n")
            sys.stdout.flush()
        await orchestra.end_attempts("the test is over")


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
