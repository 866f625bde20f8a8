"""Where a deployment goes beyond this machine: a declared command, or a branch that GitHub Pages serves (GIT-4)."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from podium.config import DeployConfig
from podium.domain.errors import Unavailable
from podium.runner.files import write_whole
from podium.workspace import git, publishing
from podium.workspace.publishing import RefusedFilesError

SAID_CHARS_MAX: Final = 2_000


async def send(name: str, target: DeployConfig, repository: Path, commit: str, directory: Path) -> str:
    """Deploy `directory`, the files of `commit`, once; where it can be seen, empty when nobody says so.

    Raises RefusedFilesError when the work is to be mended, Unavailable, TimedOut.
    """
    done = directory.with_name(f"{directory.name}.{name}.url")
    if not done.is_file():
        passed = {key: os.environ[key] for key in target.pass_env if key in os.environ}
        env = {"PODIUM_PROJECT": directory.parent.name, "PODIUM_COMMIT": commit, **passed, **target.env}
        way = _run if target.command else _push
        url = await way(name, target, repository, directory, env)
        write_whole(done, (url or target.url).encode())
    return done.read_text("utf-8")


async def _run(name: str, target: DeployConfig, _: Path, directory: Path, env: Mapping[str, str]) -> str:
    """Run the command with nothing but its own environment; a URL in the last line of what it says is the answer."""
    log = directory.with_name(f"{directory.name}.{name}.log")
    env = {"PATH": os.environ.get("PATH", os.defpath), **env}
    process = None
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


async def _push(_: str, target: DeployConfig, repository: Path, directory: Path, env: Mapping[str, str]) -> str:
    """Make the folder of the page the branch's only commit."""
    if (entry := publishing.entry(directory)) is None:
        raise RefusedFilesError(f"there is no page to deploy: make one of {', '.join(publishing.ENTRIES)}")
    tree = f"{env['PODIUM_COMMIT']}:{entry.rpartition('/')[0]}"
    made = await git.get(repository, "commit-tree", tree, "-m", f"Deploy {directory.name}")
    env = {**env, "GIT_ALLOW_PROTOCOL": "https:ssh:file"}
    await git.get(repository, "push", "--force", target.repository, f"{made}:refs/heads/{target.branch}", env=env)
    return ""
