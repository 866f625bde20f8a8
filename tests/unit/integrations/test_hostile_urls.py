"""About two hundred ways to ask for what is inside: not one of them makes a connection (SEC-3)."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from podium.clock import SteadyClock
from podium.hook import Hook
from podium.integrations.webhooks import WebhookSender, resolve
from tests.unit.integrations.receiver import SECRET, receiving
from tests.unit.integrations.test_webhooks import DELIVERY
from tests.unit.test_web_address import words

INSIDE = words("""
127.0.0.1 127.255.255.254 0.0.0.0 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.100.100.200 168.63.129.16
192.0.0.192 224.0.0.1 255.255.255.255
""")
"""Loopback, this host, private networks, link-local, the metadata of clouds, multicast, broadcast."""


def forms(text: str) -> list[str]:
    """The hosts by which URL parsers and resolvers know an IPv4 address."""
    number = int(IPv4Address(text))
    parts = text.split(".")
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    return [
        text, f"{text}.", f"{number}", f"{number:#x}", f"0{number:o}",
        ".".join(f"{int(part):#x}" for part in parts), ".".join(f"0{int(part):o}" for part in parts),
        f"{parts[0]}.{number & 0xFFFFFF}", f"[::ffff:{text}]", f"[::ffff:{high}:{low}]", f"[::{text}]",
        f"[64:ff9b::{high}:{low}]", f"[2002:{high}:{low}::1]",
    ]  # fmt: skip


NAMES = {
    "localhost": ("127.0.0.1", "::1"), "localhost.": ("127.0.0.1",), "app.localhost": ("127.0.0.1",),
    "localhost.localdomain": ("127.0.0.1",), "ip6-localhost": ("::1",), "127.0.0.1.nip.io": ("127.0.0.1",),
    "localtest.me": ("127.0.0.1", "::1"), "10.0.0.1.sslip.io": ("10.0.0.1",), "host.docker.internal": ("172.17.0.1",),
    "metadata.google.internal": ("169.254.169.254",), "metadata": ("169.254.169.254",),
    "instance-data.ec2.internal": ("fd00:ec2::254",), "kubernetes.default.svc": ("10.96.0.1",),
    "router.local": ("192.168.0.1",), "xn--lcalhost-n4a.example": ("127.0.0.1",), "xn--bcher-kva.example": ("::1",),
    "half.example": ("1.1.1.1", "127.0.0.1"), "last.example": ("1.1.1.1", "8.8.8.8", "9.9.9.9", "10.0.0.1"),
    "mapped.example": ("::ffff:127.0.0.1",), "nat64.example": ("64:ff9b::7f00:1",), "zone.example": ("fe80::1%lo",),
    "sixtofour.example": ("2002:7f00:1::1",), "teredo.example": ("2001:0:4136:e378:8000:63bf:80ff:fffe",),
    "unique.example": ("fd12:3456::1",), "site.example": ("fec0::1",), "many.example": ("ff02::1",),
    "odd.example": ("no address",), "none.example": (),
}  # fmt: skip
"""Where names of the world lead; some to a public address and, at the same time, inside."""

OTHERS = words(r"""
https://[::] https://[::1] https://[0:0:0:0:0:0:0:1] https://[::ffff:0:127.0.0.1] https://[fe80::1]
https://[fe80::1%25lo] https://[fe80::1%lo] https://[::1%25eth0] https://[fc00::1] https://[fd00:ec2::254]
https://[fec0::1] https://[ff02::1] https://[ff05::2] https://[2001:db8::1] https://[100::1] https://[64:ff9b:1::1]
https://[v1.fe80::a] https://[::1 https://::1 https://::1:{port}/ https://[127.0.0.1] https://127.1:{port}
https://127.0.1 https://0 https://0x0 https://0177.1 https://127.0.0.01 https://00000177.0.0.1 https://127.0.0.1..
https://127.0.0.256 https://4294967296 https://user@127.0.0.1 https://user:pass@127.0.0.1:{port}
https://example.com@127.0.0.1 https://127.0.0.1@example.com https://example.com:80@127.0.0.1:{port}/
https://example.com%40127.0.0.1/ https://example.com%2f@127.0.0.1/ https://127.0.0.1\@example.com/
https://example.com\@127.0.0.1/ https:\\127.0.0.1/ https://127.0.0.1\.example.com
https://example.com#@127.0.0.1:{port}@x https://%31%32%37.0.0.1/ https://127%2e0%2e0%2e1/ https://127.0.0.1%00.example
https://127.0.0.1%09/ https://localhost%23.example.com https://localhost:{port}%2f.example https:127.0.0.1
https:/127.0.0.1 https:///127.0.0.1 //127.0.0.1 127.0.0.1 HTTPS:127.0.0.1 file:///etc/passwd file://127.0.0.1/
ftp://127.0.0.1/ gopher://127.0.0.1:{port}/_x dict://127.0.0.1:{port}/ ldap://[::1] unix:///run/docker.sock
http+unix://%2Frun%2Fdocker.sock/ data:text/plain,x javascript:alert(1) jar:https://127.0.0.1!/ ws://127.0.0.1:{port}/
wss://127.0.0.1/ https://127.0.0.1:0/ https://127.0.0.1:99999/ https://127.0.0.1:-1/ https://:{port}
https://127.0.0.1:8e1/ https://*.localhost/ https://-127.0.0.1/ https://_localhost/ https://127.0.0.1;@x
https://127.0.0.1,x
""")
ODD = [
    "", " https://127.0.0.1/", "https://127.0.0.1\t/", "https://127.0.0.1/\r\nHost: x", "https://exa mple.com", "\0",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "https://127\u30020\u30020\u30021",
    "https://\uff4cocalhost",
    "https://\u24dbocalhost",
    "https://[::ffff:\uff11\uff12\uff17.0.0.1]",
    "https://loc\xadalhost",
    "https://local\u200bhost",
]  # fmt: skip
URLS = [
    *(f"http://{host}:{{port}}/x" for text in INSIDE for host in forms(text)),
    *(f"https://{name}:{{port}}/x" for name in NAMES),
    *OTHERS,
    *ODD,
]


@pytest.mark.requirement("SEC-3")
def test_no_hostile_url_makes_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(set(URLS)) >= 200
    connected: list[Any] = []

    class Watched(socket.socket):
        """Every attempt to connect is noted, wherever it leads."""

        def connect(self, address: Any, /) -> None:
            connected.append(address)
            raise ConnectionRefusedError

    async def lookup(host: str, port: int) -> Sequence[str]:
        return NAMES[host] if host in NAMES else await resolve(host, port)

    async def send_all(port: int) -> list[tuple[str, Any]]:
        # As if nothing had been checked when the configuration was read.
        hooks = {
            str(n): Hook.model_construct(url=url.replace("{port}", str(port)), secret_env="KEY", allow_http=True)
            for n, url in enumerate(URLS)
        }
        sender = WebhookSender(hooks, Path(), SteadyClock().wall, {"KEY": SECRET}, lookup)
        answers = [(hooks[name].url, await sender.send(DELIVERY._replace(webhook=name))) for name in hooks]
        await sender.aclose()
        return answers

    with receiving() as listener:
        monkeypatch.setattr(socket, "socket", Watched)
        answers = asyncio.run(send_all(listener.port))
        monkeypatch.undo()
        assert (connected, listener.requests) == ([], [])
    for url, answer in answers:
        harmless = answer.refused or "cannot be found" in answer.detail or "has no address" in answer.detail
        assert (answer.status, harmless) == (None, True), (url, answer)
        assert "pass@" not in answer.detail
