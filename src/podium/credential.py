"""The three forms of a credential: the home's own, a file that only its user can read; tokens; an attempt's (SEC-1)."""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from podium.domain.errors import Unauthorized
from podium.refusals import refusal

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
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb", 0) as file:
        file.write(made.encode())
        os.fsync(file)
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
        raise Unauthorized(refusal("another's home", home=home)) from None


def presented(home: Path) -> str:
    """What this process shows of itself: the environment's token, else the home's own credential."""
    return os.environ.get(VARIABLE) or read(home)


def key(credential: str, purpose: str) -> bytes:
    """A key for one purpose, derived so that it tells nothing of the credential."""
    return hmac.new(credential.encode(), purpose.encode(), hashlib.sha256).digest()


_TOKEN = re.compile(r"podium_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
_ATTEMPT = re.compile(r"podium_attempt_([0-9a-f]{64})_(.{3,200})")


def token_text(id_: str, secret: str) -> str:
    """A token as its bearer has it; it is shown once and kept nowhere."""
    return f"podium_{id_}_{secret}"


def token_id(text: str) -> str | None:
    """The id in a token's text; None when it is no token."""
    found = _TOKEN.fullmatch(text)
    return found.group(1) if found else None


def token_hash(text: str) -> str:
    """What is kept of a token. Its secret has 256 bits of chance, so a plain digest cannot be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()


def attempt_token(key: bytes, attempt: str) -> str:
    """The credential of one attempt's agent: it names the attempt, `key` proves it, and it ends with the lease."""
    return f"podium_attempt_{_proof(key, attempt)}_{attempt}"


def attempt_of_token(key: bytes, text: str) -> str | None:
    """The attempt that a token speaks for; None when it is forged or no such token."""
    found = _ATTEMPT.fullmatch(text)
    if found is None or not hmac.compare_digest(found.group(1), _proof(key, found.group(2))):
        return None
    return found.group(2)


def _proof(key: bytes, attempt: str) -> str:
    return hmac.new(key, b"attempt:" + attempt.encode(), hashlib.sha256).hexdigest()
