"""Takes a bundle file into a repository, every object checked.

`git fetch` would do it in one call, but git before 2.46 checks no objects that come from a bundle, whatever
`fetch.fsckObjects` says (seen with 2.39). So the pack in the bundle goes to `git index-pack --strict`, which also
checks that everything its objects refer to is there.
"""

import os
from pathlib import Path
from typing import Final

from podium.domain.errors import Unavailable
from podium.workspace import git

HEADER_BYTES_MAX: Final = 64 << 10
_SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")


async def unpack(repository: Path, bundle: Path, source: str, commit: str) -> None:
    """Add the bundle's objects to the repository; `source` in it must be `commit`. Raises Unavailable, TimedOut."""
    try:
        fd = os.open(bundle, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"{bundle} cannot be read ({error.strerror}); the work in it is not taken.") from None
    try:
        head = os.read(fd, HEADER_BYTES_MAX)
        end = head.find(b"\n\n") + 2
        if not head.startswith(_SIGNATURES) or end < 2 or f"\n{commit} {source}\n".encode() not in head[:end]:
            raise Unavailable(
                f"{bundle} does not hold the commit {commit[:12]} that was reported; the work is not taken."
            )
        os.lseek(fd, end, os.SEEK_SET)
        await git.get(repository, "index-pack", "--stdin", "--fix-thin", "--strict", stdin=fd)
    finally:
        os.close(fd)
