"""What is said where something is refused and one line of code does not hold it: the words of `refusals.toml`."""

from functools import cache
from typing import Any

from podium.tables import beside

words = cache(lambda: beside(__file__))
"""Read when the first refusal comes."""


def refusal(name: str, /, **about: Any) -> str:
    """The words of that name, with what they are about filled in."""
    return words()[name].format(**about)
