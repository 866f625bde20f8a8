"""The site of what is deployed to a branch on GitHub: switched on where it is not, so that nobody has to (GIT-4)."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from podium.config import DeployConfig
from podium.domain.command import Arrive
from podium.integrations.github.deliveries import DEPLOYED
from podium.refusals import refusal

if TYPE_CHECKING:  # a home that keeps nothing on GitHub loads no HTTP client
    from podium.integrations.github.client import Api


class Pages:
    """GitHub Pages as Podium's own steps need them. Without an `api` the user switches them on."""

    def __init__(self, submit: Callable[[Arrive], Awaitable[Any]], api: "Api | None" = None) -> None:
        self._submit, self._api = submit, api

    async def begin(self, project: str, commit: str) -> None:
        """Record what is about to be pushed, so that what GitHub tells of it starts nothing (GIT-5)."""
        await self._submit(Arrive(DEPLOYED.format(commit), "mark", {}, project))

    async def address(self, project: str, target: DeployConfig) -> str:
        """Where the branch that was pushed can be seen, as GitHub says; empty where it does not serve it.

        What is in the way is told once, to a person. Raises `Away`.
        """
        name = self._api.repository(target.repository) if self._api else ""
        if not self._api or not name:
            return ""
        from gidgethub import BadRequest

        place, source = f"/repos/{name}/pages", {"branch": target.branch, "path": "/"}
        site, why = await self._api.find(place), ""
        try:
            site = site or await self._api.post(place, data={"build_type": "legacy", "source": source})
        except BadRequest as refused:  # 409: it is on by now
            site, why = await self._api.find(place), f"cannot be switched on: {refused}"
        if site and (site.get("source") or {}).get("branch") == target.branch:
            return site["html_url"]
        told = refusal("no pages", name=name, why=why if not site else "show something else", branch=target.branch)
        await self._submit(Arrive(f"gh:trouble/pages of {name}", "mark", {}, project, notice=told[:1000]))
        return ""
