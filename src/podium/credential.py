"""The home's own credential: a file that only its user can read; from it come the keys of attempts and browsers."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from podium.domain.errors import Unauthorized

FILE: Final = "credential"
SECRET_BYTES: Final = 32
VARIABLE: Final = "PODIUM_TOKEN"
"""The environment's variable with a credential to use instead of the home's own: an agent's, or another's."""


def ensure(home: Path) -> str:
    """The home's credential, made if there is none; never half-written, and the same for whoever asks first."""
    path = home / FILE
    with suppress(FileNotFoundError):
        return path.read_text("ascii").strip()
    made = f"podium_home_{secrets.token_urlsafe(SECRET_BYTES)}"
    draft = home / f".{FILE}-{os.getpid()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, made.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)  # fails where another was faster
    except FileExistsError:
        return path.read_text("ascii").strip()
    finally:
        draft.unlink()
    return made


def read(home: Path) -> str:
    """The home's credential; raises `Unauthorized` for whoever may not read it."""
    try:
        return (home / FILE).read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except PermissionError:
        raise Unauthorized(
            f"The home {home} belongs to another user: its credential cannot be read. Ask for a token "
            "(`podium token create`), or use a home of your own."
        ) from None


def presented(home: Path) -> str:
    """What this process shows of itself: the environment's token, else the home's own credential."""
    return os.environ.get(VARIABLE) or read(home)


def key(credential: str, purpose: str) -> bytes:
    """A key for one purpose, derived so that it tells nothing of the credential."""
    return hmac.new(credential.encode(), purpose.encode(), hashlib.sha256).digest()
