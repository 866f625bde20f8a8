"""Sends events to webhooks: signed (Standard Webhooks), only to addresses that were checked, and never redirected."""

import asyncio
import base64
import hashlib
import json
import logging
import os
import socket
import ssl
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podium.domain.delivery import Answer, Delivery
from podium.domain.errors import UsageError
from podium.hook import Hook
from podium.refusals import refusal
from podium.web_address import Target, checked_url, is_public

if TYPE_CHECKING:  # a home without webhooks loads no HTTP client
    import httpx2
    from cloudevents.core.v1.event import CloudEvent

SECRET_BYTES: Final = range(24, 65)
"""What the Standard Webhooks specification asks of a key."""
ADDRESSES_MAX: Final = 3
"""Of a name's addresses that are tried."""
CONTENT_TYPES: Final = {"cloudevents": "application/cloudevents+json", "flat": "application/json"}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to IP addresses; raises OSError."""


async def resolve(host: str, port: int) -> list[str]:
    """The host's addresses, as this machine's resolver has them; it also knows every odd way to write a number."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(slots=True)
class WebhookSender:
    """`ports.Sender` over HTTP. `wall` gives the time that is signed; `verify` is how a server's certificate is."""

    hooks: Mapping[str, Hook]
    home: Path
    """From which the files of keys are named."""
    wall: Callable[[], float]
    environ: Mapping[str, str]
    lookup: Resolve = resolve
    verify: ssl.SSLContext | bool = True
    _client: "httpx2.AsyncClient | None" = None

    async def send(self, delivery: Delivery) -> Answer:
        """One try. The address that is connected to is the one that was checked: no second look-up comes between."""
        name = delivery.webhook
        hook = self.hooks.get(name)
        if hook is None:
            return refuse(f"podium.toml has no [webhooks.{name}] any more")
        try:
            target = checked_url(hook.url, allow_http=hook.allow_http)
            headers, content = self._letter(hook, delivery)
        except UsageError as error:
            return refuse(f"[webhooks.{name}]: {error}")
        try:
            async with asyncio.timeout(hook.timeout_seconds):
                addresses = list(await self.lookup(target.host, target.port))
                inside = [] if hook.allow_private else [each for each in addresses if not is_public(each)]
                if inside:
                    return refuse(refusal("private receiver", name=name, host=target.host, address=inside[0]))
                return await self._post(target, addresses[:ADDRESSES_MAX], headers, content)
        except TimeoutError:
            return Answer(None, f"no answer within {hook.timeout_seconds:g} s")
        except (OSError, UnicodeError) as error:
            return Answer(None, f"{target.host} cannot be found: {error}")

    async def _post(self, target: Target, addresses: Sequence[str], headers: Mapping[str, str], body: bytes) -> Answer:
        import httpx2

        client = self._client = self._client or _client(self.verify)
        answer = Answer(None, f"{target.host} has no address")
        for address in addresses:
            place = f"[{address}]" if ":" in address else address
            url = f"{target.scheme}://{place}:{target.port}{target.path}"
            told = {**headers, "Host": target.authority}
            name = {"sni_hostname": target.host.rstrip(".")}  # the certificate must be the name's, not the address's
            try:
                async with client.stream("POST", url, headers=told, content=body, extensions=name) as response:
                    return _understood(response.status_code, response.headers.get("retry-after", ""))
            except httpx2.ConnectError as error:
                answer = Answer(None, f"cannot connect to {address}: {error}")
            except httpx2.HTTPError as error:
                return Answer(None, f"{type(error).__name__}: {error}")
        return answer

    def _letter(self, hook: Hook, delivery: Delivery) -> tuple[dict[str, str], bytes]:
        """Headers and body; both are the same at every try, but for the time and so the signature."""
        from standardwebhooks import Webhook

        key = _key(hook, self.home, self.environ)
        body = structured(delivery.event, identity(delivery)) if hook.format == "cloudevents" else flat(delivery)
        now = datetime.fromtimestamp(int(self.wall()), UTC)
        headers = {
            "Content-Type": CONTENT_TYPES[hook.format], "User-Agent": "podium", "webhook-id": identity(delivery),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(key).sign(identity(delivery), now, body.decode()),
        }  # fmt: skip
        return headers, body

    async def aclose(self) -> None:
        """Close what connections there are."""
        if self._client is not None:
            await self._client.aclose()


def _client(verify: ssl.SSLContext | bool) -> "httpx2.AsyncClient":
    """No proxy of the environment, no redirect, and no connection kept: one to an address serves a single name."""
    import httpx2

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log URLs, and a URL's path may be a secret
    limits = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.AsyncClient(verify=verify, trust_env=False, follow_redirects=False, limits=limits, timeout=None)


def refuse(reason: str) -> Answer:
    """The answer for what Podium itself may not send."""
    return Answer(None, f"{reason.rstrip('.')}.", refused=True)


def _understood(status: int, retry_after: str) -> Answer:
    seconds = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    redirected = "; redirects are not followed" if 300 <= status < 400 else ""
    return Answer(status, f"HTTP {status}{redirected}", retry_after_seconds=seconds)


def _key(hook: Hook, home: Path, environ: Mapping[str, str]) -> bytes:
    """The signing key; raises `UsageError`, which never says what was found instead."""
    where = str(home / hook.secret_file) if hook.secret_file else f"the environment variable {hook.secret_env}"
    text = secret_text(hook.secret_env, hook.secret_file, home, environ)
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) not in SECRET_BYTES:
        raise UsageError(refusal("no signing key", where=where))
    return key


def secret_text(variable: str, file: str, home: Path, environ: Mapping[str, str]) -> str:
    """What stands in an environment variable, or in a file that nobody else can read; raises `UsageError`."""
    if not file:
        return environ.get(variable, "").strip()
    path = home / file
    try:
        with path.open("rb") as handle:
            mode = os.fstat(handle.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & 0o077:
                raise UsageError(f"{path} can be read by others; `chmod 600` it.")
            return handle.read(4096).decode("ascii", "replace").strip()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None


def identity(delivery: Delivery) -> str:
    """What the receiver tells repetitions by: the same for every try, and different in every home."""
    return "msg_" + hashlib.sha256(f"{delivery.event['at']!r} {delivery.key}".encode()).hexdigest()[:32]


def structured(event: Mapping[str, Any], id_: str) -> bytes:
    """The event's CloudEvent as JSON."""
    from cloudevents.core.formats.json import JSONFormat

    return JSONFormat().write(cloud_event(event, id_))


def cloud_event(event: Mapping[str, Any], id_: str) -> "CloudEvent":
    """The event as a CloudEvent (v1.0); `data` is the event's own, verbatim (EVT-3)."""
    from cloudevents.core.v1.event import CloudEvent

    project = event["project"]
    attributes: dict[str, Any] = {
        "id": id_, "source": f"/podium/projects/{project}" if project else "/podium", "type": f"podium.{event['type']}",
        "time": datetime.fromtimestamp(event["at"], UTC), "datacontenttype": "application/json",
    }  # fmt: skip
    about = {name: event[name] for name in ("workflow", "job", "attempt", "instance") if event[name]}
    about |= {"subject": project} if project else {}
    return CloudEvent(attributes | about, event["data"])


def flat(delivery: Delivery) -> bytes:
    """The documented payload as it is; of other events their data, with the same four fields around them."""
    event = delivery.event
    stamp = datetime.fromtimestamp(event["at"], UTC).isoformat(timespec="seconds")
    about = {name: event[name] for name in ("workflow", "job", "instance") if event[name]}
    given = {"event": event["type"], "project_id": event["project"], "timestamp": stamp}
    documented = event["data"].get("event") == event["type"]
    return json.dumps(event["data"] if documented else {**about, **event["data"], **given}, ensure_ascii=False).encode()
