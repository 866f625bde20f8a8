"""How the command line reaches an operation: the running orchestrator's socket, else the home itself."""

import http.client
import json
import os
import socket
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from podium import credential
from podium.address import ORCHESTRATOR_LOG, socket_address
from podium.domain.access import OPERATOR, Principal, Scope
from podium.domain.errors import Forbidden, NotFound, PodiumError, Unavailable
from podium.faces.cli.index import entries
from podium.refusals import refusal

if TYPE_CHECKING:  # a call that the orchestrator answers needs none of it
    from podium.faces.cli.composition import Composition

CONNECT_SECONDS: Final = 5.0
HEALTH_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0
TOLD_CHARS_MAX: Final = 300
"""Of an answer that is not Podium's."""


class RemoteError(PodiumError):
    """What the orchestrator answered, with its own exit code."""

    def __init__(self, message: str, kind: str, exit_code: int) -> None:
        super().__init__(message)
        self.kind, self.exit_code = kind, exit_code


class NoOrchestrator(Unavailable):
    """Nobody listens on the home's socket: nothing was asked."""


class OrchestratorGone(Unavailable):
    """The orchestrator went away between the request and its answer: whether it was carried out is unknown."""


def _stuck(what: str, seconds: float) -> Unavailable:
    told = f"The orchestrator did not {what} within {seconds:.0f} s: it is stuck or overloaded. Try again; "
    return Unavailable(told + "`podium down` stops it.")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over the home's socket."""

    def __init__(self, home: Path, answer_seconds: float) -> None:
        super().__init__("podium", timeout=answer_seconds)
        self._home, self._answer_seconds = home, answer_seconds

    def connect(self) -> None:
        """Connect to the socket instead of a host; raises `NoOrchestrator`, or `Unavailable` when it takes too long."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(CONNECT_SECONDS)
        try:
            with socket_address(self._home) as address:
                self.sock.connect(address)
        except (TimeoutError, BlockingIOError):
            raise _stuck("take a connection", CONNECT_SECONDS) from None
        except OSError:
            raise NoOrchestrator("No orchestrator runs on this home. Start one: `podium up`.") from None
        self.sock.settimeout(self._answer_seconds)


class Client:
    """Calls operations on one home."""

    def __init__(self, home: Path, compose: "Callable[[], Composition]", seconds: float = ANSWER_SECONDS) -> None:
        self.home = home
        self.agents_on: str | None = None
        """Where agents are to run if this process becomes the orchestrator; None leaves it to the configuration."""
        self._compose, self._answer_seconds = compose, seconds

    @cached_property
    def composition(self) -> "Composition":
        """What works on the home itself; made when it is first needed."""
        return self._compose()

    def running(self) -> dict[str, Any] | None:
        """The orchestrator's own word (its process id), or None when nobody runs this home.

        Raises `Unavailable` when there is one that does not answer.
        """
        try:
            return self._request("GET", "/healthz", None, min(HEALTH_SECONDS, self._answer_seconds))
        except (NoOrchestrator, OrchestratorGone):
            return None

    def ask(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The running orchestrator's answer; raises `NoOrchestrator`, `OrchestratorGone` or what it says."""
        return self._request("POST", f"/v1/operations/{name.replace(' ', '/')}", asked)

    def browser_link(self) -> dict[str, Any]:
        """An address that opens Podium in a browser, once."""
        return self._request("POST", "/v1/login-link", {})

    def call(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The operation's answer, from the orchestrator or, where nobody runs this home, from the home itself."""
        try:
            return self.ask(name, asked)
        except (NoOrchestrator, OrchestratorGone) as error:
            may_be_done = isinstance(error, OrchestratorGone) and not _is_read(name)
            if _is_handed() or may_be_done:  # doing it again is not ours to decide
                raise
        import asyncio

        return asyncio.run(self._locally(name, asked))

    def reach(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """For a process that stays: like `call`, but only an orchestrator changes a home, whose lock we would keep."""
        try:
            return self.call(name, asked) if _is_read(name) else self.ask(name, asked)
        except RemoteError as error:
            raise NotFound(str(error)) if error.exit_code == NotFound.exit_code else error from None

    def need_own_user(self) -> None:
        """Raise `Forbidden` where a token says who asks: no token opens what is done to a home from outside."""
        if _is_handed():
            raise Forbidden(refusal("own user alone", variable=credential.VARIABLE))

    def principal(self) -> Principal:
        """As whom this process asks: the home's own user, or whoever bears the environment's token."""
        if not _is_handed():
            return OPERATOR
        told = self.ask("whoami", {})
        return Principal(told["name"], Scope(told["scope"]), told["attempt"])

    def _request(
        self, method: str, path: str, asked: dict[str, Any] | None, seconds: float | None = None
    ) -> dict[str, Any]:
        seconds = seconds or self._answer_seconds
        connection = _UnixConnection(self.home, seconds)
        body = json.dumps(asked).encode() if asked is not None else None
        try:
            connection.connect()
            connection.request(method, path, body, self._headers())
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError:
            raise _stuck("answer", seconds) from None
        except (OSError, http.client.HTTPException):
            raise OrchestratorGone(refusal("no answer")) from None
        finally:
            connection.close()
        return self.understood(answer.status, content)

    def _headers(self) -> dict[str, str]:
        mine = credential.presented(self.home)
        return {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {mine}"} if mine else {})

    def understood(self, status: int, content: bytes) -> dict[str, Any]:
        """The answer as data; whatever is not Podium's own language is told as it stands."""
        try:
            told: Any = json.loads(content or b"{}")
        except ValueError:
            told = None
        if not isinstance(told, dict):
            words = content[:TOLD_CHARS_MAX].decode("utf-8", "replace").strip()
            log = self.home / ORCHESTRATOR_LOG
            raise RemoteError(refusal("strange answer", status=status, words=words or "nothing", log=log), "failure", 1)
        found = cast("dict[str, Any]", told)
        if status >= http.HTTPStatus.BAD_REQUEST:
            code = int(found.get("exit_code", 1))
            raise RemoteError(str(found.get("detail", "?")), str(found.get("title", "failure")), code)
        return found

    async def _locally(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Nobody runs this home: read it, or take its lock for one change."""
        from podium.operations.catalogue import operation_named
        from podium.operations.invoke import invoke
        from podium.operations.operation import understood

        operation = operation_named(name)
        question = understood(operation, asked)
        composition = self.composition
        if name == "doctor":
            opened = composition.examining(self.home)
        elif operation.safety == "read":
            opened = composition.reading(self.home)
        else:
            opened = composition.writing(self.home)
        async with opened as context:
            return (await invoke(operation, context, question, OPERATOR)).model_dump(mode="json")


def _is_handed() -> bool:
    """Whether a token says who asks: then only an orchestrator can tell what it opens."""
    return bool(os.environ.get(credential.VARIABLE))


def _is_read(name: str) -> bool:
    entry = entries().get(name)
    return entry is not None and entry.safety == "read"
