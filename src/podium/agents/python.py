"""Agents that are callables in this process: for benchmarks, tests and whoever embeds Podium."""

from collections.abc import Awaitable, Callable

from podium.domain.attempt import Report
from podium.domain.job import Lease
from podium.ports import Brief

Body = Callable[[Lease, Brief], Awaitable[Report]]
"""Does one attempt. It fetches its assignment by `await brief()`, if it wants it at all."""
