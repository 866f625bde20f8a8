"""What is said where something is refused and one line of code does not hold it: the words of `refusals.toml`."""

from functools import cache
from typing import Any


@cache
def words() -> dict[str, str]:
    """All of them, read when the first refusal comes: most commands end without one."""
    from podium.tables import beside

    return beside(__file__)


def refusal(name: str, /, **about: Any) -> str:
    """The words of that name, with what they are about filled in."""
    return words()[name].format(**about)
