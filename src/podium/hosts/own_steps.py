"""Podium's own steps: merge, deploy and publish, done in this process under the fence, never by an agent (INS-4).

A deployment goes to this machine, or beyond it: by a declared command, or to a branch that GitHub Pages serves (GIT-4).
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Final

from podium.config import DeployConfig
from podium.domain.attempt import Artifact, Assignment, Ending, Report
from podium.domain.errors import Unavailable
from podium.domain.job import Lease
from podium.domain.pipeline import workflow_of
from podium.hosts.pages import Pages
from podium.ports import Brief
from podium.runner.files import write_whole
from podium.workspace import git, publishing
from podium.workspace.layout import Home
from podium.workspace.merging import MergeConflict
from podium.workspace.publishing import RefusedFilesError
from podium.workspace.repository import Repositories, Superseded

PUBLISHED = frozenset({"documentation", "marketing", "social"})
"""Kinds of artifacts that `publish` shows to people, when they name a path."""
SAID_CHARS_MAX: Final = 2_000
"""Of what a deployment's command says, its end."""

_ADVICE = Path(__file__).with_name("conflict.txt").read_text("utf-8").strip()
_TAKEN_OVER = Report(Ending.CANCELLED, "another attempt at this job has taken over")


class OwnSteps:
    """What is done in the queue `podium`. Every action looks before it writes, so doing it twice does it once.

    What an earlier orchestrator did is found by the next attempt. `still_mine` is asked right before each write: an
    attempt that lost its lease changes nothing.
    """

    def __init__(
        self, home: Home, repositories: Repositories, still_mine: Callable[[Lease], bool], pages: Pages,
        beyond: Mapping[str, DeployConfig] = MappingProxyType({}), served: str = "",
    ) -> None:  # fmt: skip
        """`beyond` are the targets beyond this machine; `served` is the URL of what it serves of `{project}`."""
        self._pages, self._beyond, self._served = pages, beyond, served
        self._home, self._repositories, self._still_mine = home, repositories, still_mine

    async def act(self, lease: Lease, brief: Brief) -> Report:
        """One attempt, as an `InProcessHost` has it done."""
        assignment = await brief()
        action = assignment.agent.removeprefix("podium:")
        project = lease.job.project
        await self._repositories.create(project, assignment.project.get("repository"))
        if action == "integrate":
            whole = await self._repositories.integrate(project, assignment.bases)
            return _conflict(whole) if isinstance(whole, MergeConflict) else _passed("Put together.", whole)
        subject = " ".join(part for part in (action.capitalize(), lease.job.workflow, lease.job.item) if part)
        key, may_write = f"{project}/{lease.job.id}", lambda: self._still_mine(lease)
        merged = await self._repositories.merge(project, assignment.bases, key, subject, may_write)
        if isinstance(merged, MergeConflict):
            return _conflict(merged)
        if isinstance(merged, Superseded):
            return _TAKEN_OVER
        try:
            if action == "deploy":
                return await self._deploy(lease, merged.commit, may_write)
            if action == "publish":
                return await self._publish(lease, merged.commit, assignment, may_write)
        except RefusedFilesError as error:
            return _rework(f"It cannot be shown: {error}. Mend that; commit.")
        if action == "merge":
            return _passed("Merged into main." if merged.is_new else "Main already held it.", merged.commit)
        return Report(Ending.COULD_NOT_START, f"Podium has no step of its own called {action!r}.")

    async def _deploy(self, lease: Lease, commit: str, may_write: Callable[[], bool]) -> Report:
        project = lease.job.project
        directory = await publishing.deploy(self._home, project, commit, may_write)
        if isinstance(directory, Superseded):
            return _TAKEN_OVER
        entry = publishing.entry(directory)
        url = (self._served.format(project=project) or (directory / entry).as_uri()) if entry else None
        fits = (name for name, each in self._beyond.items() if any(fnmatchcase(project, one) for one in each.projects))
        found = next(fits, "local")
        if target := self._beyond.get(found):
            url = await self._send(found, target, commit, directory, may_write) or url
            if isinstance(url, Superseded):
                return _TAKEN_OVER
        data = {"commit": commit, "entry": entry, "url": url, "target": found}
        where = self._home.relative(directory)
        application = Artifact("application", "current", f"Deployment of {commit[:12]}", data, where, lease.job.step)
        return replace(_passed(f"Deployed {commit[:12]}.", commit), artifacts=(application,))

    async def _send(
        self, name: str, target: DeployConfig, commit: str, directory: Path, may_write: Callable[[], bool]
    ) -> str | Superseded:
        """Deploy `directory`, the files of `commit`, once; where it can be seen, empty when nobody says so.

        What was pushed is not pushed again where only the answer to where it can be seen is missing.

        Raises RefusedFilesError when the work is to be mended, Unavailable, TimedOut.
        """
        done = directory.with_name(f"{directory.name}.{name}.url")
        if not done.is_file():
            passed = {key: os.environ[key] for key in target.pass_env if key in os.environ}
            env = {"PODIUM_PROJECT": directory.parent.name, "PODIUM_COMMIT": commit, **passed, **target.env}
            way = _by_command if target.command else self._to_pages
            url = await way(name, target, directory, env, may_write)
            if isinstance(url, Superseded):
                return url
            write_whole(done, (url or target.url).encode())
        return done.read_text("utf-8")

    async def _to_pages(
        self, name: str, target: DeployConfig, directory: Path, env: Mapping[str, str], may_write: Callable[[], bool]
    ) -> str | Superseded:
        """Make the folder of the page the branch's only commit, once, and have it served."""
        if (entry := publishing.entry(directory)) is None:
            raise RefusedFilesError(f"there is no page to deploy: make one of {', '.join(publishing.ENTRIES)}")
        tree, project = f"{env['PODIUM_COMMIT']}:{entry.rpartition('/')[0]}", directory.parent.name
        pushed, repository = directory.with_name(f"{directory.name}.{name}.pushed"), self._home.repository(project)
        if not pushed.is_file():
            made = await git.get(repository, "commit-tree", tree, "-m", f"Deploy {directory.name}")
            if not await self._pages.push(project, target, repository, made, env, may_write):
                return Superseded()
            write_whole(pushed, made.encode())
        return await self._pages.address(project, target)

    async def _publish(
        self, lease: Lease, commit: str, assignment: Assignment, may_write: Callable[[], bool]
    ) -> Report:
        mine = (a for a in assignment.artifacts if a.kind in PUBLISHED and _is_new(a.run, assignment.run))
        found = {(a.kind, path): a for a in mine if (path := a.path)}
        told = {"version": assignment.increment["version"]} if assignment.increment else {}
        placed = await publishing.publish(self._home, lease.job.project, commit, list(found), may_write)
        if isinstance(placed, Superseded):
            return _TAKEN_OVER
        publications: list[Artifact] = []
        for piece, place in zip(found.values(), placed, strict=True):
            data = {"kind": piece.kind, "source": piece.path, "commit": commit, **told}
            key, where = f"{piece.kind}/{piece.key}", self._home.relative(place)
            publications.append(Artifact("publication", key, piece.title, data, where, lease.job.step))
        return replace(_passed(f"Published {len(placed)} pieces.", commit), artifacts=tuple(publications))


def _is_new(made_by: str, run: str) -> bool:
    """Whether `run` is to publish what that run made: all but what an earlier run of the same workflow published.

    Its pieces stay as they are, unless this run made them again.
    """
    return made_by == run or workflow_of(made_by) != workflow_of(run)


def _passed(summary: str, commit: str) -> Report:
    return Report(Ending.FINISHED, verdict="passed", summary=summary, commit=commit)


def _rework(feedback: str, summary: str = "") -> Report:
    return Report(Ending.FINISHED, verdict="rework", summary=summary, feedback=feedback)


def _conflict(conflict: MergeConflict) -> Report:
    return _rework(advice(conflict), "It conflicts with what was merged before.")


def advice(conflict: MergeConflict) -> str:
    """What to do about a conflict, for whoever gets the work back."""
    return _ADVICE.format(files="\n".join(f"- {file}" for file in conflict.files))


async def _by_command(
    name: str, target: DeployConfig, directory: Path, env: Mapping[str, str], may_write: Callable[[], bool]
) -> str | Superseded:
    """Run the command with nothing but its own environment; a URL in the last line of what it says is the answer."""
    log = directory.with_name(f"{directory.name}.{name}.log")
    env = {"PATH": os.environ.get("PATH", os.defpath), **env}
    process = None
    if not may_write():
        return Superseded()
    try:
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *target.command, cwd=directory, env=env, stdin=asyncio.subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        async with asyncio.timeout(target.timeout_seconds):
            status = await process.wait()
    except OSError as error:  # a timeout is one, and says nothing
        what = error.strerror or f"it took longer than {target.timeout_seconds:g} s"
        raise Unavailable(f"[deploy.{name}]: {target.command[0]} could not be run: {what}.") from None
    finally:
        if process:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    with log.open("rb") as text:  # twice as much as is shown, so that no secret is cut in two
        text.seek(max(0, log.stat().st_size - 2 * SAID_CHARS_MAX))
        said = text.read().decode("utf-8", "replace").strip()
    for key in target.pass_env:
        said = said.replace(env.get(key) or "\0", "***")
    if status:
        raise RefusedFilesError(f"the command of target {name} failed:\n{said[-SAID_CHARS_MAX:]}")
    last = said.rpartition("\n")[2]
    return last if last.startswith(("https://", "http://")) else ""
