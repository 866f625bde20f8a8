"""Takes an existing repository over (INT-5): looks at it, and copies it whole, without ever writing to it.

The source is only read: through git's own protocol, with its hooks, filters and configuration out of reach. The copy
shares no object with it and knows no remote, so nothing can be pushed back.
"""

import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from podium.domain.errors import NotFound, Unavailable, UsageError
from podium.refusals import refusal
from podium.workspace import git, source as names, worktree
from podium.workspace.layout import tree_bytes

ADOPTED: Final = "refs/podium/adopted"
"""The source's head as it was taken over; `podium.branch` in the configuration is the branch it was on."""
DETACHED: Final = "HEAD"
CLONE_SECONDS_MAX: Final = 1_800.0
CLONE_BYTES_MAX: Final = 8 << 30
LOOK_SECONDS_MAX: Final = 120.0
LOOK_BYTES_MAX: Final = 1 << 30
"""Of an index that is copied to see what is not committed."""

_REF, _HEADS = "ref: ", "refs/heads/"
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=30 -oControlMaster=no -oPermitLocalCommand=no -oForwardAgent=no"
_NETWORK = ("SSH_AUTH_SOCK", "https_proxy", "HTTPS_PROXY", "http_proxy", "no_proxy", "NO_PROXY", "SSL_CERT_FILE")
"""What git gets of the environment to reach a URL; a folder gets none of it."""


class Found(NamedTuple):
    """What an existing repository offers."""

    branch: str
    """Its default branch; `HEAD` when that is detached."""
    head: str
    uncommitted: int | None = 0
    """How many files have changes that are not committed; None when that cannot be told."""


async def inspect(source: str) -> Found | None:
    """Look at a source in a folder before a project is made of it; None for a URL, which is not asked.

    Raises UsageError or NotFound with what is wrong with it, Unavailable, TimedOut.
    """
    if not names.is_path(source):
        return None
    _need_folder(source)
    found = await look(source)
    return found._replace(uncommitted=await _count_uncommitted(Path(source), found.head))


def _need_folder(source: str) -> None:
    try:
        next(Path(source).iterdir(), None)
    except FileNotFoundError:
        raise NotFound(f"There is no folder {source}. Give the path of a git repository, or its URL.") from None
    except NotADirectoryError:
        raise UsageError(f"{source} is a file. Give the folder of a git repository, or its URL.") from None
    except OSError as error:
        raise UsageError(f"{source} cannot be read ({error.strerror}). Give yourself permission first.") from None


async def look(source: str) -> Found:
    """The default branch and its head. Raises UsageError, Unavailable, TimedOut."""
    with git.nowhere() as nowhere:
        # Not in a repository of the user's, whose configuration could change what a URL means.
        env = {"GIT_DIR": str(nowhere), **_environment(source)}
        arguments = ("ls-remote", "--quiet", "--symref", "--", source, "HEAD")
        answer = await git.ask(nowhere, *arguments, env=env, bounds=git.Bounds(LOOK_SECONDS_MAX))
    if answer.status != 0:
        raise _refusal(source, answer.said)
    told = [line.removesuffix("\tHEAD") for line in answer.text.splitlines() if line.endswith("\tHEAD")]
    branch = next((line.removeprefix(_REF).removeprefix(_HEADS) for line in told if line.startswith(_REF)), DETACHED)
    head = next((line for line in told if not line.startswith(_REF)), "")
    if not head:
        raise UsageError(refusal("no commit", source=source))
    return Found(branch, head)


async def adopt(part: Path, source: str) -> None:
    """Make the empty directory `part` a repository with all of the source's default branch as `main`.

    Raises UsageError, Unavailable (out of reach, too large, too slow), TimedOut.
    """
    found = await look(source)
    kind = "sha256" if len(found.head) == 64 else "sha1"
    await git.get(part, "init", "--quiet", "--template=", "--initial-branch=main", f"--object-format={kind}")
    flags = ("--quiet", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--update-shallow")
    env, bounds = _environment(source), git.Bounds(CLONE_SECONDS_MAX, lambda: _excess(part))
    answer = await git.ask(part, "fetch", *flags, "--", source, f"+HEAD:{ADOPTED}", env=env, bounds=bounds)
    if answer.status != 0:
        raise _refusal(source, answer.said)
    head = await worktree.read_ref(part, ADOPTED)
    if head is None:
        raise Unavailable(f"{source} has no commit on its default branch any more; commit something there, then retry.")
    await git.get(part, "config", "podium.source", source)
    await git.get(part, "config", "podium.branch", found.branch)
    await worktree.begin(part, head)
    await git.get(part, "read-tree", "-m", "-u", head)


async def links_of_source(repository: Path, paths: list[str]) -> set[str]:
    """Those of `paths` that were symbolic links when the repository was taken over."""
    if not paths or await worktree.read_ref(repository, ADOPTED) is None:
        return set()
    env = {"GIT_LITERAL_PATHSPECS": "1"}
    listed = await git.get(repository, "ls-tree", "-z", "--full-tree", ADOPTED, "--", *paths, env=env)
    return {line.partition("\t")[2] for line in listed.split("\0") if line.startswith("120000 ")}


def _environment(source: str) -> dict[str, str]:
    """What git may do to reach a source: no prompt, no other protocol, nothing that a configuration adds."""
    only = {"GIT_NO_LAZY_FETCH": "1", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_ASKPASS": "/bin/false"}
    if names.is_path(source):
        return only | {"GIT_ALLOW_PROTOCOL": "file"}
    given = {name: os.environ[name] for name in _NETWORK if name in os.environ}
    return given | only | {"GIT_ALLOW_PROTOCOL": "https:http:ssh", "GIT_SSH_COMMAND": _SSH, "GIT_SSH_VARIANT": "ssh"}


def _excess(directory: Path) -> str:
    """Why a copy has become too large."""
    too_large = tree_bytes(directory) > CLONE_BYTES_MAX
    return f"the repository is larger than {CLONE_BYTES_MAX >> 30} GiB" if too_large else ""


def _refusal(source: str, said: str) -> UsageError | Unavailable:
    """The error for a source that cannot be read."""
    if "dubious ownership" in said:
        return UsageError(f"{source} belongs to another user. Clone it with `git clone`, and give your own clone.")
    last = " ".join(said.split())[-500:]
    if not names.is_path(source):
        return Unavailable(refusal("closed source", source=source, why=last))
    if "does not appear to be a git repository" in said or "not a git repository" in said:
        inside = next((parent for parent in Path(source).parents if (parent / ".git").exists()), None)
        hint = f"It is a folder of the repository {inside}: give that." if inside else ""
        return UsageError(f"{source} is not a git repository. {hint or 'Run `git init` and commit there.'}")
    return UsageError(f"{source} cannot be read by git: {last}. Mend that (`git fsck` may help), then submit again.")


async def _count_uncommitted(path: Path, head: str) -> int | None:
    """How many files have changes that no commit holds, or are new.

    `git status` runs filters and writes the index when it is asked in the repository itself. So it is asked in
    another one, which borrows the objects and a copy of the index.
    """
    places = ("--path-format=absolute", "--is-bare-repository", "--git-path", "index", "--git-common-dir")
    told = (await git.ask(path, "rev-parse", *places)).text.splitlines()
    if len(told) != 3 or told[0] == "true":
        return 0 if told else None  # bare
    index, shared = map(Path, told[1:])
    with git.nowhere(head) as nowhere:
        try:
            if not index.is_file() or index.stat().st_size > LOOK_BYTES_MAX:
                return None
            shutil.copy2(index, nowhere / "index")
            objects = str((shared / "objects").resolve()).replace("\\", r"\\").replace('"', r"\"")
            env = {"GIT_DIR": str(nowhere), "GIT_WORK_TREE": str(path), "GIT_OPTIONAL_LOCKS": "0"}
            env |= {"GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{objects}"', "GIT_NO_LAZY_FETCH": "1"}
            ignored = ("-c", f"core.excludesFile={shared / 'info/exclude'}")
            command = ("status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all")
            answer = await git.ask(nowhere, *ignored, *command, env=env, bounds=git.Bounds(LOOK_SECONDS_MAX))
        except (OSError, Unavailable):  # git is too slow, or says too much
            return None
    return sum(1 for line in answer.out.split(b"\0") if line) if answer.status == 0 else None
