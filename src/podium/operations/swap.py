"""Hot swap: instances take the agents, models and versions that podium.toml names now; no job is lost (INS-6)."""

import asyncio

from podium import config
from podium.domain.errors import Unavailable
from podium.domain.fleet import Restart
from podium.hosts.hosting import programs_of
from podium.operations.context import Context
from podium.operations.fleet import EVERYTHING, DrainInput, target_of
from podium.operations.operation import Output, of_store, operation
from podium.store.rows import Rows


class SwapInput(DrainInput):
    """Which instances."""

    now: bool = False
    """End what they do, uncharged; their jobs go on, by session, under the new ones."""


class SwapOutput(Output):
    """What became of it."""

    agents: list[str]
    """Those whose program is another one now."""
    instances: list[str]
    """Those that start it from their next attempt on."""
    finishing: list[str]
    """Of them, those whose present attempt goes on to its end as it began."""
    attempts_ended: list[str]


def _ended(rows: Rows, context: Context, asked: SwapInput) -> dict[str, int]:
    return {"running attempt": len(target_of(rows, context, asked.target)[2]) if asked.now else 0}


@operation("swap", of_store(_ended))
async def swap(context: Context, asked: SwapInput) -> SwapOutput:
    """Replace what instances run by the agents, models and versions that podium.toml names now, one by one.

    Each finishes its attempt first, while the others work on; with --now it is ended, and no try is used up. A workflow
    or an instance can be swapped alone, for a trial; all, and an orchestrator that starts anew, mean everybody.
    """
    if context.programs is None:
        raise Unavailable("No orchestrator runs on this home; it reads podium.toml when it starts: `podium up`.")
    fresh = programs_of(config.load(context.home))
    _, names, busy = await context.store.read(lambda rows: target_of(rows, context, asked.target))
    agents = context.programs.swap(fresh, None if asked.target == EVERYTHING else names)
    ended = busy if asked.now else dict[str, str]()
    who, touched = context.named(""), names if agents else list(ended)
    orders = [Restart(one, ended.get(one, ""), tuple(agents), by=who, reason=asked.reason) for one in touched]
    await asyncio.gather(*map(context.submit, orders))
    finishing = [name for name in touched if name in busy.keys() - ended.keys()]
    return SwapOutput(agents=agents, instances=touched, finishing=finishing, attempts_ended=list(ended.values()))
