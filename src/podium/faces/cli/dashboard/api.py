"""Whom a terminal dashboard asks: this home's orchestrator by its socket, or another machine's by its address."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final

import httpx2

from podium import credential
from podium.address import socket_address
from podium.domain.errors import Unavailable
from podium.faces.cli.client import Client

TIMEOUT: Final = httpx2.Timeout(30.0)
"""In seconds; a stream that is silent tells every 15 s that it lives."""


class Api:
    """Asks operations and follows events; every answer that is no answer is a `PodiumError`."""

    def __init__(self, client: Client, http: httpx2.AsyncClient, place: str) -> None:
        self._client, self._http = client, http
        self.place = place
        """Who is asked, in words."""

    async def ask(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """An operation's answer."""
        try:
            answer = await self._http.post(f"/v1/operations/{name.replace(' ', '/')}", json=asked)
        except httpx2.TransportError as error:
            raise Unavailable(f"{self.place} does not answer ({error or type(error).__name__}).") from None
        return self._client.understood(answer.status_code, answer.content)

    async def follow(self, after: int) -> AsyncIterator[int]:
        """The numbers of the events after one, as they happen; a 0 first, and whenever a sign of life comes."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        try:
            async with self._http.stream("GET", "/v1/events", headers=headers) as stream:
                if stream.is_error:
                    self._client.understood(stream.status_code, await stream.aread())
                async for line in stream.aiter_lines():
                    if line and not line.startswith("data"):
                        yield int(line.removeprefix("id: ")) if line.startswith("id: ") else 0
        except httpx2.TransportError as error:
            raise Unavailable(f"{self.place} is gone ({error or type(error).__name__}).") from None


@asynccontextmanager
async def reached(client: Client, url: str | None) -> AsyncGenerator[Api]:
    """The orchestrator, as long as the block lasts. The home's own credential is shown to nobody else."""
    with socket_address(client.home) if url is None else nullcontext() as path:
        bearer = credential.presented(client.home) if url is None else os.environ.get(credential.VARIABLE)
        headers, transport = {"Authorization": f"Bearer {bearer or '-'}"}, httpx2.AsyncHTTPTransport(uds=path)
        where: Any = {"base_url": url or "http://podium", "headers": headers, "transport": transport}
        async with httpx2.AsyncClient(**where, timeout=TIMEOUT) as http:
            yield Api(client, http, url or str(client.home))
