"""How the command line reaches an operation: the running orchestrator's socket, else the home itself."""

import asyncio
import http.client
import json
import socket
from pathlib import Path
from typing import Any, Final

from podium.address import socket_address
from podium.domain.errors import NotFound, PodiumError, Unavailable, UsageError
from podium.faces.cli.composition import Composition

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0


class RemoteError(PodiumError):
    """What the orchestrator answered, with its own exit code."""

    def __init__(self, message: str, kind: str, exit_code: int) -> None:
        super().__init__(message)
        self.told = kind
        self.code = exit_code


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over the home's socket."""

    def __init__(self, path: str) -> None:
        super().__init__("podium", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(CONNECT_SECONDS)
        self.sock.connect(self._path)
        self.sock.settimeout(ANSWER_SECONDS)


class Client:
    """Calls operations on one home."""

    def __init__(self, home: Path, composition: Composition) -> None:
        self.home = home
        self.composition = composition

    def running(self) -> dict[str, Any] | None:
        """The orchestrator's own word (its process id), or None when nobody runs this home."""
        try:
            return self._request("GET", "/healthz", None)
        except OSError:
            return None

    def call(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The operation's answer; raises `PodiumError`."""
        try:
            return self._request("POST", f"/v1/operations/{name.replace(' ', '/')}", asked)
        except TimeoutError:
            raise Unavailable(
                f"The orchestrator did not answer within {ANSWER_SECONDS:.0f} s. `podium doctor`."
            ) from None
        except OSError:
            return asyncio.run(self._locally(name, asked))

    def _request(self, method: str, path: str, asked: dict[str, Any] | None) -> dict[str, Any]:
        connection = _UnixConnection(socket_address(self.home))
        try:
            body = json.dumps(asked).encode() if asked is not None else None
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            told: dict[str, Any] = json.loads(answer.read() or b"{}")
        finally:
            connection.close()
        if answer.status >= 400:
            raise RemoteError(told.get("detail", "?"), told.get("title", "failure"), int(told.get("exit_code", 1)))
        return told

    async def _locally(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Nobody runs this home: read it, or take its lock for one change."""
        from pydantic import ValidationError

        from podium.operations.catalogue import operation_named

        operation = operation_named(name)
        try:
            question = operation.input.model_validate(asked)
        except ValidationError as error:
            raise UsageError(
                "; ".join(f"{e['loc'][-1] if e['loc'] else 'input'}: {e['msg']}" for e in error.errors())
            ) from None
        composition = self.composition
        if operation.safety == "read":
            try:
                async with composition.reading(self.home) as context:
                    return (await operation.call(context, question)).model_dump(mode="json")
            except NotFound:
                if name != "doctor":
                    raise
        async with composition.writing(self.home) as context:
            return (await operation.call(context, question)).model_dump(mode="json")
