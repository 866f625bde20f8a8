"""Bytes to lines with a bound on memory, and the removal of secrets from what is kept."""

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

_HIDDEN = "[secret]"


class Lines:
    """Cuts a stream into lines; what a line has beyond `line_bytes_max` is thrown away as it comes."""

    def __init__(self, line_bytes_max: int) -> None:
        self._max = line_bytes_max
        self._held = bytearray()
        self._is_cut = False

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """Each line that `chunk` completes, without its newline, and whether it was cut."""
        *complete, rest = chunk.split(b"\n")
        for part in complete:
            self._hold(part)
            yield self._take()
        self._hold(rest)

    def end(self) -> Iterator[tuple[bytes, bool]]:
        """The last line, when it had no newline."""
        if self._held:
            yield self._take()

    def _hold(self, part: bytes) -> None:
        room = self._max - len(self._held)
        self._is_cut |= len(part) > room
        self._held += part[:room]

    def _take(self) -> tuple[bytes, bool]:
        line = bytes(self._held), self._is_cut
        self._held.clear()
        self._is_cut = False
        return line


class LineSink:
    """A sink for a program's output that hands on whole lines, each with whether it was cut."""

    def __init__(self, line_bytes_max: int, take: Callable[[bytes, bool], None]) -> None:
        self._lines = Lines(line_bytes_max)
        self._take = take

    def __call__(self, chunk: bytes) -> None:
        for line, is_cut in self._lines.feed(chunk):
            self._take(line, is_cut)

    def end(self) -> None:
        """Hand on a last line that had no newline."""
        for line, is_cut in self._lines.end():
            self._take(line, is_cut)


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
