"""Bytes to lines with a bound on memory, and the removal of secrets from what is kept."""

import math
from collections.abc import Callable
from typing import Any, cast

_HIDDEN = "[secret]"


class Lines:
    """A sink that hands on whole lines without their newline, each with whether it was cut.

    What a line has beyond `line_bytes_max` is thrown away as it comes.
    """

    def __init__(self, line_bytes_max: int, take: Callable[[bytes, bool], None]) -> None:
        self._max, self._hand_on = line_bytes_max, take
        self._held = bytearray()
        self._is_cut = False

    def __call__(self, chunk: bytes) -> None:
        *complete, rest = chunk.split(b"\n")
        for part in complete:
            self._hold(part)
            self._take()
        self._hold(rest)

    def end(self) -> None:
        """Hand on a last line that had no newline."""
        if self._held:
            self._take()

    def _hold(self, part: bytes) -> None:
        room = self._max - len(self._held)
        self._is_cut |= len(part) > room
        self._held += part[:room]

    def _take(self) -> None:
        line, is_cut = bytes(self._held), self._is_cut
        self._held.clear()
        self._is_cut = False
        self._hand_on(line, is_cut)


class Tail:
    """A sink that keeps the last bytes of a stream, however long it is."""

    def __init__(self, bytes_max: int) -> None:
        self._max = bytes_max
        self._content = bytearray()
        self._is_cut = False

    def __call__(self, chunk: bytes) -> None:
        self._content += chunk
        if (excess := len(self._content) - self._max) > 0:
            del self._content[:excess]
            self._is_cut = True

    def text(self) -> str:
        return ("…" if self._is_cut else "") + self._content.decode("utf-8", "replace").strip()


class Redactor:
    """Replaces known secrets in texts, and what no store can hold: NUL, lone surrogates, numbers that are none."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        # Longest first: a secret may contain another.
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """`text` as it may be kept."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text.encode("utf-8", "replace").decode().replace("\0", "")

    def cut_text(self, text: str) -> str:
        """`text` as it may be kept when its end was cut off, perhaps in the middle of a secret."""
        clean = self.text(text)
        return clean[: len(clean) - len(self._secrets[0]) + 1] if self._secrets else clean

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it, keys too, as it may be kept."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [self.value(item) for item in cast("list[Any]", value)]
        return None if isinstance(value, float) and not math.isfinite(value) else value
