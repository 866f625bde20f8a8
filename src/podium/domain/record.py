"""Named tuples at a third of their price, for the few kinds of which every step makes one."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar, cast

T = TypeVar("T", bound=tuple[Any, ...])

_NEW: Final = cast("Callable[..., Any]", tuple.__new__)


def made(kind: type[T], fields: Iterable[object]) -> T:
    """What `kind._make(fields)` does, without asking again how many fields there are: all have to be given."""
    record: T = _NEW(kind, fields)
    return record
