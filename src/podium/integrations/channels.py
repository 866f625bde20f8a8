"""Tells people where they are, and publishes pieces of content, through apprise; webhooks go on to their own sender."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from podium.domain.delivery import Answer, Delivery
from podium.domain.errors import UsageError
from podium.integrations.webhooks import WebhookSender, refuse

TIMEOUT_SECONDS: Final = 60.0
TEXT_CHARS_MAX: Final = 20_000
"""Of a piece; services cut or split what is too long for them."""


@dataclass(frozen=True, slots=True)
class ChannelSender:
    """`ports.Sender` for `channel:NAME`; `others` sends the rest. `link` leads to the dashboard, if there is one.

    `urls` gives what apprise takes for an address: a secret, read when it is needed, which may raise `UsageError`.
    """

    urls: Mapping[str, Callable[[], str]]
    others: WebhookSender
    home: Path
    link: str

    async def send(self, delivery: Delivery) -> Answer:
        """One try; apprise says no more than whether all its services took it."""
        kind, _, name = delivery.webhook.partition(":")
        if kind != "channel":
            return await self.others.send(delivery)
        if (url := self.urls.get(name)) is None:
            return refuse(f"podium.toml has no [channels.{name}] any more")
        try:
            import apprise

            service = apprise.Apprise()
            if not service.add(url().split()):
                return refuse(f"[channels.{name}] holds no URL that apprise knows")
            title, body = self._letter(delivery.event)
            async with asyncio.timeout(TIMEOUT_SECONDS):
                is_taken = await service.async_notify(body=body, title=title)
        except ImportError:
            return refuse("this needs apprise: install podium[notify]")
        except TimeoutError:
            return Answer(None, f"no answer within {TIMEOUT_SECONDS:g} s")
        except (UsageError, OSError) as error:
            return refuse(f"[channels.{name}]: {error}")
        return Answer(200, "taken") if is_taken else Answer(None, "its service did not take it")

    async def aclose(self) -> None:
        """Close what connections there are."""
        await self.others.aclose()

    def _letter(self, event: Mapping[str, Any]) -> tuple[str, str]:
        """Title and text: of what needs somebody with what to do and where, of a piece its own words."""
        told = event["data"]
        if event["type"] != "needs_you":
            with (self.home / told["path"]).open(encoding="utf-8", errors="replace") as file:
                return str(told["title"]), file.read(TEXT_CHARS_MAX)
        asked = told.get("review")
        do = f"podium review approve {asked} (or reject, or send-back --notes TEXT)" if asked else "podium notices"
        where = f"\n{self.link}/{'review' if asked else ''}" if self.link else ""
        return "Podium needs you", f"{told['text']}\nWhat to do: {do}{where}"
