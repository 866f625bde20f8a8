"""Asks GitHub: gidgethub's protocol over one HTTP client; the token goes to its API and nowhere else (GIT-3)."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx2
from gidgethub import HTTPException
from gidgethub.abc import GitHubAPI

from podium.domain.errors import Unavailable

TIMEOUT_SECONDS: Final = 30.0
CACHE_MAX: Final = 500
"""Answers that are remembered with their ETag: to ask for them again costs nothing of the rate limit."""
LIMITED: Final = frozenset({403, 429})


class Api(GitHubAPI):
    """GitHub's REST API, as one who has a token."""

    def __init__(self, url: str, token: str, sleep: Callable[[float], Awaitable[None]]) -> None:
        super().__init__("podium", oauth_token=token, base_url=url.rstrip("/"), cache={})
        self._sleep = sleep
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self._client = httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request; raises `Unavailable` where GitHub cannot be reached, or wants to be left alone for a time."""
        if not url.startswith(f"{self.base_url}/"):
            raise Unavailable(f"GitHub names {url[:100]}, which is not below {self.base_url}; nothing is asked there.")
        if self._cache and len(self._cache) > CACHE_MAX:
            self._cache.clear()
        try:
            answer = await self._client.request(method, url, headers=dict(headers), content=body)
        except httpx2.HTTPError as error:
            raise Unavailable(f"GitHub cannot be reached: {type(error).__name__}: {error}") from None
        rest = answer.headers.get("retry-after", "")
        if answer.status_code >= 500 or (answer.status_code in LIMITED and rest):
            raise Unavailable(f"GitHub answers {answer.status_code}; it is asked again later")
        return answer.status_code, answer.headers, answer.content

    async def sleep(self, seconds: float) -> None:
        """As the engine's clock sleeps."""
        await self._sleep(seconds)

    async def find(self, url: str) -> Any:
        """What is there; None for nothing."""
        try:
            return await self.getitem(url)
        except HTTPException as error:
            if error.status_code in (404, 409):  # 409: a repository without a commit
                return None
            raise

    async def aclose(self) -> None:
        """Close what connections there are."""
        await self._client.aclose()
