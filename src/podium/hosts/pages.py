"""Deployments to a branch that GitHub Pages serves: pushed there, and switched on where they are not (GIT-4)."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podium.config import DeployConfig
from podium.domain.command import Arrive
from podium.domain.errors import Unavailable
from podium.hosts import trees
from podium.integrations.github.deliveries import DEPLOYED
from podium.refusals import refusal
from podium.workspace import git

if TYPE_CHECKING:  # a home that keeps nothing on GitHub loads no HTTP client
    from podium.integrations.github.client import Api


class Pages:
    """GitHub as Podium's own steps need it. Without an `api` git pushes, and the user switches a site on."""

    def __init__(self, submit: Callable[[Arrive], Awaitable[Any]], api: "Api | None" = None) -> None:
        self._submit, self._api = submit, api

    async def push(
        self, project: str, target: DeployConfig, repository: Path, commit: str, env: Mapping[str, str],
        may_write: Callable[[], bool],
    ) -> bool:  # fmt: skip
        """Make a commit's files the branch's only commit. Answer: `may_write`, asked when all is uploaded.

        As whom Podium acts on GitHub, where the address is of there and nothing is said of how git gets in. Raises
        Unavailable, TimedOut.
        """
        name = self._api.repository(target.repository) if self._api else ""
        if self._api and name and target.repository.startswith("https:") and not (target.env or target.pass_env):
            return await self._push(self._api, project, target, f"/repos/{name}", repository, commit, may_write)
        env = {**env, "GIT_ALLOW_PROTOCOL": "https:ssh:file"}
        which = f"{commit}:refs/heads/{target.branch}"
        if is_mine := await self._begin(project, commit, may_write):
            await git.get(repository, "push", "--force", target.repository, which, env=env)
        return is_mine

    async def _push(
        self, api: "Api", project: str, target: DeployConfig, place: str, repository: Path, commit: str,
        may_write: Callable[[], bool],
    ) -> bool:  # fmt: skip
        from gidgethub import HTTPException

        branch = f"heads/{target.branch}"
        try:
            tree = await trees.bring(api, place, repository, trees.EMPTY, commit)
            told = {"message": f"Deploy {project}", "tree": tree, "parents": list[str]()}
            made = (await api.post(f"{place}/git/commits", data=told))["sha"]
            there = await api.find(f"{place}/git/ref/{branch}")
            if not await self._begin(project, made, may_write):
                return False
            if there:
                await api.patch(f"{place}/git/refs/{branch}", data={"sha": made, "force": True})
            else:
                await api.post(f"{place}/git/refs", data={"ref": f"refs/{branch}", "sha": made})
            return True
        except HTTPException as refused:  # of a renamed repository it is a redirection, which is no BadRequest
            raise Unavailable(refusal("no push", repository=target.repository, why=refused)) from None

    async def _begin(self, project: str, commit: str, may_write: Callable[[], bool]) -> bool:
        """Record what is about to be there, so that what GitHub tells of it starts nothing (GIT-5). Answer: may it?"""
        await self._submit(Arrive(DEPLOYED.format(commit), "mark", {}, project))
        return may_write()

    async def address(self, project: str, target: DeployConfig) -> str:
        """Where the branch that was pushed can be seen, as GitHub says; empty where it does not serve it.

        What is in the way is told once, to a person. Raises `Away`.
        """
        if not (self._api and (name := self._api.repository(target.repository))):
            return ""
        from gidgethub import HTTPException

        place, site, why = f"/repos/{name}/pages", None, ""
        told = {"build_type": "legacy", "source": {"branch": target.branch, "path": "/"}}
        try:
            site = await self._api.find(place) or await self._api.post(place, data=told)
        except HTTPException as refused:  # 409: it is on by now
            why = f"cannot be switched on: {refused}"
            with suppress(HTTPException):
                site = await self._api.find(place)
        if site and (site.get("source") or {}).get("branch") == target.branch:
            return site["html_url"]
        said = refusal("no pages", name=name, why=why if not site else "show something else", branch=target.branch)
        await self._submit(Arrive(f"gh:trouble/pages of {name}", "mark", {}, project, notice=said[:1000]))
        return ""
