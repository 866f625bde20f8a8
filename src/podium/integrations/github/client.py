"""Asks GitHub: gidgethub's protocol over one HTTP client; the token goes to its API and nowhere else (GIT-3).

It is a person's, or a GitHub App's: then it is made with the App's key for an hour, and is in memory alone.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from gidgethub import HTTPException
from gidgethub.abc import GitHubAPI
from gidgethub.apps import get_jwt
from gidgethub.sansio import DOMAIN
from jwt import PyJWTError

from podium.domain.errors import Unavailable, UsageError
from podium.integrations.github.deliveries import REPOSITORY
from podium.ports import Clock

TOKEN: Final = "PODIUM_GITHUB_TOKEN"  # noqa: S105 - the name of the variable
TIMEOUT_SECONDS: Final = 30.0
GOOD: Final = frozenset({"success", "neutral", "skipped"})
"""Conclusions of checks that hold nothing up."""
CACHE_MAX: Final = 500
"""Answers that are remembered with their ETag: to ask for them again costs nothing of the rate limit."""
LIMITED: Final = frozenset({403, 429})
LIMIT_SECONDS: Final = 60.0
"""How long GitHub is left alone after a limit that names no time, as it asks for."""
LISTED_MAX: Final = 1_000
"""Of a list of GitHub's, which begins with the newest."""
LOG_BYTES_MAX: Final = 8_000
"""Of a log: its end, where the failure is."""
READ_BYTES_MAX: Final = 32 << 20
"""Of a log are read so many at most."""
RENEW_SECONDS: Final = 300.0
"""So long before an App's token expires, another is made."""

Said = tuple[int, Mapping[str, str], bytes]
"""An answer's status, headers and body."""


class Away(Unavailable):
    """GitHub cannot be reached, is in trouble, or wants to be left alone, where it says so for `seconds`."""

    def __init__(self, text: str, seconds: float = 0.0) -> None:
        super().__init__(text)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App as which Podium acts, where the organisation `owner` has installed it."""

    id: str
    key: str = field(repr=False)
    """Its private key, as PEM."""
    owner: str


class Api(GitHubAPI):
    """GitHub's REST API, as one who has a token, or as an App.

    Raises `Away`, gidgethub's `BadRequest`, or `Unavailable`.
    """

    def __init__(self, environ: Mapping[str, str], clock: Clock, app: App | None = None) -> None:
        url, self._app = environ.get("PODIUM_GITHUB_API_URL", DOMAIN).rstrip("/"), app
        if app:
            try:
                get_jwt(app_id=app.id, private_key=app.key)
            except (PyJWTError, ValueError) as error:
                raise UsageError(f"[github] app_key is no private key of an App ({error}); GitHub makes one.") from None
            super().__init__("podium", app_id=app.id, private_key=app.key, base_url=url, cache={})
        elif TOKEN in environ:
            super().__init__("podium", oauth_token=environ[TOKEN], base_url=url, cache={})
        else:
            raise UsageError(f"[github] owner keeps projects on GitHub, and {TOKEN} holds no token for it. Set it.")
        self.host = urlsplit(url).netloc.removeprefix("api.")
        self._clock, self._token, self._expires = clock, environ.get(TOKEN, ""), 0.0
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self._client = httpx2.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS)
        self.aclose = self._client.aclose

    def repository(self, address: str) -> str:
        """`owner/name` of the repository at an address of this GitHub; empty for what lies elsewhere."""
        begins = re.match(rf"(?:https?://|ssh://git@|git@){re.escape(self.host)}[/:]", address, re.IGNORECASE)
        name = address[begins.end() :].removesuffix("/").removesuffix(".git") if begins else ""
        return name if REPOSITORY.fullmatch(name) else ""

    async def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Said:
        if not url.startswith(f"{self.base_url}/"):
            raise Unavailable(f"GitHub names {url[:100]}, which is not below {self.base_url}; nothing is asked there.")
        if self._cache and len(self._cache) > CACHE_MAX:
            self._cache.clear()
        if self._app is None or url.startswith(f"{self.base_url}/app/") or url.endswith("/installation"):
            return await self._ask(method, url, dict(headers), body)
        answer = await self._ask(method, url, {**headers, "authorization": await self._bearer()}, body)
        if answer[0] == 401:  # it was revoked before its time
            self._expires = 0.0
            answer = await self._ask(method, url, {**headers, "authorization": await self._bearer()}, body)
        return answer

    async def _bearer(self) -> str:
        """The credential with which the installation's things are asked for."""
        if self._app and self._clock.wall() > self._expires - RENEW_SECONDS:
            installed = await self.getitem(f"/orgs/{self._app.owner}/installation")
            made = await self.post(f"/app/installations/{installed['id']}/access_tokens", data={})
            self._token, self._expires = made["token"], datetime.fromisoformat(made["expires_at"]).timestamp()
        return f"Bearer {self._token}"

    async def login(self) -> str:
        """As whom Podium writes there: GitHub names an App by its slug."""
        about = await self.getitem(f"/orgs/{self._app.owner}/installation" if self._app else "/user")
        return f"{about['app_slug']}[bot]" if self._app else about["login"]

    async def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Said:
        try:
            answer = await self._client.request(method, url, headers=headers, content=body)
        except httpx2.HTTPError as error:
            raise Away(f"GitHub cannot be reached: {type(error).__name__}: {error}") from None
        said = answer.headers
        if answer.status_code in LIMITED and (rest := limit_seconds(said, answer.text, self._clock.wall())):
            raise Away(f"GitHub's rate limit is used up; it asks to be left alone for {rest:.0f} s", rest)
        if answer.status_code >= 500:
            raise Away(f"GitHub answers {answer.status_code}; it is asked again later")
        return answer.status_code, said, answer.content

    async def sleep(self, seconds: float) -> None:
        """As the engine's clock sleeps."""
        await self._clock.sleep(seconds)

    async def find(self, url: str) -> Any:
        """What is there; None for nothing."""
        try:
            return await self.getitem(url)
        except HTTPException as error:
            if error.status_code in (404, 409):  # 409: a repository without a commit
                return None
            raise

    async def pages(self, url: str, key: str = "items") -> list[Any]:
        """A list from all of its pages, up to a limit."""
        found: list[Any] = []
        async for one in self.getiter(f"{url}{'&' if '?' in url else '?'}per_page=100", iterable_key=key):
            found.append(one)
            if len(found) >= LISTED_MAX:
                break
        return found

    async def checks(self, place: str, head: str, *, with_logs: bool = False) -> list[tuple[bool | None, str]]:
        """What checks a commit there: is it good (None: not known yet), and what does it say."""
        status: dict[str, Any] = await self.find(f"{place}/commits/{head}/status") or {}
        found: list[tuple[bool | None, str]] = []
        for one in status.get("statuses") or ():
            verdict = {"success": True, "pending": None}.get(one["state"], False)
            found.append((verdict, f"{one['context']}: {one['state']}: {one.get('description') or ''}"))
        for run in await self.pages(f"{place}/commits/{head}/check-runs", "check_runs"):
            verdict = run["conclusion"] in GOOD if run["status"] == "completed" else None
            output: dict[str, Any] = run.get("output") or {}
            said = [run["name"], run["conclusion"], *(output.get(name) for name in ("title", "summary", "text"))]
            if with_logs and verdict is False:
                said.append(await self.log(f"{place}/actions/jobs/{run['id']}/logs"))
            found.append((verdict, "\n".join(str(one) for one in said if one)))
        return found

    async def log(self, url: str) -> str:
        """The end of a log, or nothing. It lies with another host, to which the client sends no token."""
        headers, end, read = {"Authorization": await self._bearer()}, b"", 0
        try:
            async with self._client.stream(
                "GET", self.base_url + url, headers=headers, follow_redirects=True
            ) as answer:
                async for part in answer.aiter_bytes():
                    end, read = (end + part)[-LOG_BYTES_MAX:], read + len(part)
                    if read > READ_BYTES_MAX:
                        break
                return end.decode("utf-8", "replace").strip() if answer.is_success else ""
        except httpx2.HTTPError as error:
            raise Away(f"A log cannot be had: {type(error).__name__}: {error}") from None


def limit_seconds(headers: Mapping[str, str], text: str, wall: float) -> float:
    """For how long a refusal says that GitHub is to be left alone; 0 where it refuses for another reason."""
    if (rest := headers.get("retry-after", "")).isdigit():
        return float(rest)
    if headers.get("x-ratelimit-remaining") == "0":
        return max(1.0, float(headers.get("x-ratelimit-reset", 0)) - wall)
    return LIMIT_SECONDS if "rate limit" in text.lower() else 0.0
