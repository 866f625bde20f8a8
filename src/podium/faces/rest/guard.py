"""Stands before every route: is the request meant for this host, does it come from here, whose is it (SEC-1).

A browser gets in by a link that works once, and stays by the session that it opens.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.domain.access import OPERATOR, Principal
from podium.domain.errors import Forbidden, PodiumError, Unauthorized
from podium.faces.rest.problem import problem
from podium.refusals import refusal

BODY_BYTES_MAX: Final = 16 * 1024 * 1024
DELIVERIES: Final = "/webhooks/"
DELIVERY_BYTES_MAX: Final = 4 * 1024 * 1024
"""GitHub sends up to 25 MiB, but nothing that asks for anything here comes near this."""
OPEN: Final = frozenset({"/healthz", "/readyz", "/login", "/webhooks/github"})
"""What answers without a credential; a login brings its own, and a delivery its signature."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE: Final = "podium_session"
CODE_SECONDS: Final = 300.0
CODES_MAX: Final = 100
"""Links that wait to be opened; the oldest gives way."""
SESSION_SECONDS: Final = 12 * 3600

Authenticate = Callable[[str], Awaitable[Principal]]
"""Whose a presented credential is; raises `Unauthorized`."""


class Sessions:
    """Codes live in memory and die with their use; a session is a signed time, and outlives a restart."""

    def __init__(self, key: bytes, wall: Callable[[], float]) -> None:
        self._key, self._wall = key, wall
        self._codes: dict[str, float] = {}

    def code(self) -> str:
        """A code for one login within `CODE_SECONDS`."""
        while len(self._codes) >= CODES_MAX:
            del self._codes[next(iter(self._codes))]
        made = secrets.token_urlsafe(32)
        self._codes[made] = self._wall() + CODE_SECONDS
        return made

    def login(self, code: str) -> str | None:
        """The session that a code opens, this once; None for a code that is unknown, used or too old."""
        expires = self._codes.pop(code, 0.0)
        if expires < self._wall():
            return None
        told = f"{int(self._wall()) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{told}.{self._sign(told)}"

    def holds(self, session: str) -> bool:
        """Whether a session is one of ours, and not over."""
        told, _, sign = session.rpartition(".")
        expires = told.partition(".")[0]
        is_ours = hmac.compare_digest(sign.encode(), self._sign(told).encode())
        return is_ours and int(expires) > self._wall()

    def _sign(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), "sha256").hexdigest()


class Guard:
    """ASGI middleware; what it lets through has the caller in `scope["state"]["principal"]`, or asks an open route.

    `scope["state"]["ask_again"]` tells a long answer whether the caller is still let in.

    `hosts` are the names under which this application may be addressed: a page of another site whose name is made to
    point here (DNS rebinding) still sends its own.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], authenticate: Authenticate, sessions: Sessions) -> None:
        self._app, self._hosts = app, hosts
        self._authenticate, self._sessions = authenticate, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or call the application."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        try:
            is_own = self._own_origin(headers)
            if scope["path"] not in OPEN:
                ask = partial(self._caller, scope["method"], headers, is_own=is_own)
                scope.setdefault("state", {}).update(principal=await ask(), ask_again=ask)
        except PodiumError as error:
            await problem(error, headers.get("accept", ""))(scope, receive, send)
            return
        bytes_max = DELIVERY_BYTES_MAX if scope["path"].startswith(DELIVERIES) else BODY_BYTES_MAX
        await self._app(scope, bounded(receive, bytes_max), send)

    def _own_origin(self, headers: Headers) -> bool:
        """Whether a page of this very host asks; raises `Forbidden` for another host's name or another site's page."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        host = hosts[0] if len(hosts) == 1 else ""
        if _name(host) not in self._hosts:
            raise Forbidden(refusal("another host", host=host[:100]))
        foreign = [origin for origin in origins if origin not in (f"http://{host}", f"https://{host}")]
        if foreign:
            raise Forbidden(f"This request comes from a page of {foreign[0][:100]!r}; only Podium's own may ask.")
        return bool(origins)

    async def _caller(self, method: str, headers: Headers, *, is_own: bool) -> Principal:
        given = headers.get("authorization")
        if given is not None:
            kind, _, presented = given.partition(" ")
            return await self._authenticate(presented.strip() if kind.lower() == "bearer" else "")
        session = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        if session is None:
            return await self._authenticate("")
        if not self._sessions.holds(session):
            raise Unauthorized("This browser's session is over. `podium open` makes a new link.")
        if method not in SAFE and not is_own:
            raise Forbidden("A browser changes things only from Podium's own pages: the request names no Origin.")
        return OPERATOR


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def bounded(receive: Receive, bytes_max: int) -> Receive:
    """The request's body, as far as it may go; beyond that it raises an `HTTPException`."""
    read = 0

    async def as_far() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > bytes_max:
            raise HTTPException(413, f"The request has more than {bytes_max // 2**20} MiB")
        return message

    return as_far
