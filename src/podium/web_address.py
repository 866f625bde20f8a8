"""Where Podium may send a request: which URLs are well formed, and which addresses belong to the public (SEC-3)."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from podium.domain.errors import UsageError

URL_CHARS_MAX: Final = 2_000
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\.?|[0-9a-f:.]{2,45}")
_SAFE = re.compile(r"[!-\[\]^-~]+")
"""Printable ASCII without the backslash, which some take for a slash."""
_HIDDEN: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 addresses that end in the IPv4 address they lead to: NAT64 (RFC 6052), IPv4-compatible (RFC 4291)."""
_INSIDE: Final = (IPv4Network("168.63.129.16"), IPv4Network("192.0.0.0/24"))
"""Public by their numbers (the second to some versions of Python), and yet answered by the machine's own cloud."""


class Target(NamedTuple):
    """A URL taken apart by one parser, so that what was checked is what is asked."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def checked_url(text: str, *, allow_http: bool) -> Target:
    """The parts of a URL that may be sent to; raises `UsageError`, whose message never repeats the URL's path."""
    if not _SAFE.fullmatch(text) or len(text) > URL_CHARS_MAX:
        raise UsageError("a URL has up to 2,000 printable ASCII characters, no space and no backslash.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"this is no URL: {error}.") from None
    if parts.scheme not in ("https", "http"):
        raise UsageError("a URL must begin with https://.")
    if parts.scheme == "http" and not allow_http:
        raise UsageError("http:// can be read on its way; use https://, or set allow_http = true.")
    if "@" in parts.netloc:
        raise UsageError("a URL must not hold a user name or password; the signature is the credential.")
    if not _HOST.fullmatch(host) or port == 0:
        raise UsageError("the URL names no usable host; write an international name in its xn-- form.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def is_public(address: str) -> bool:
    """Whether an IP address leads out into the internet, whichever way it is written; False for what is no address."""
    try:
        return all(_is_public(each) for each in _meant(ip_address(address)))
    except ValueError:
        return False


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    is_inside = address.is_multicast or address.is_reserved or any(address in network for network in _INSIDE)
    return address.is_global and not is_inside


def _meant(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address, or the IPv4 addresses inside it that a packet may end up at."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if any(address in network for network in _HIDDEN):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
