"""Files of a commit as a tree on GitHub, over the API that all else goes over: no git command is given a token."""

import base64
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podium.workspace import git

if TYPE_CHECKING:
    from podium.integrations.github.client import Api

EMPTY: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Git's own id of a tree without a file."""
TEXT_BYTES_MAX: Final = 4 << 20
"""Of the files of a tree that are told in one call."""


async def bring(api: "Api", place: str, repository: Path, since: str, commit: str, **on: str) -> str:
    """A tree there, `on` a `base_tree`, with what `commit` has other than `since`: its id, empty for no difference.

    Text stands in the call that makes the tree: what GitHub takes in a minute is counted in calls.
    """
    entries, room = list[dict[str, Any]](), TEXT_BYTES_MAX
    answer = await git.ask(repository, "diff-tree", "-r", "-z", "--no-renames", since, commit, fine=git.SUCCESS)
    raw = answer.out.decode("utf-8", "surrogateescape").split("\0")
    for about, name in zip(raw[::2], raw[1::2], strict=False):
        old, mode, _, blob, status = about.lstrip(":").split()
        entry: dict[str, Any] = {"path": name, "mode": mode, "type": "blob"}
        if status == "D":
            entry |= {"mode": old, "sha": None}
        else:
            content = (await git.ask(repository, "cat-file", "blob", blob, fine=git.SUCCESS)).out
            if len(content) < room and is_text(content):
                room -= len(content)
                entry["content"] = content.decode()
            else:
                told = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
                entry["sha"] = (await api.post(f"{place}/git/blobs", data=told))["sha"]
        entries.append(entry)
    return (await api.post(f"{place}/git/trees", data={"tree": entries, **on}))["sha"] if entries else ""


def is_text(content: bytes) -> bool:
    """Whether it is the same after a way through JSON; nothing is no text, which might be taken for none."""
    with suppress(UnicodeDecodeError):
        return bool(content.decode()) and b"\0" not in content
    return False
