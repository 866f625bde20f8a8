"""Hot swap: instances take the agents, models and versions that podium.toml names now; no job is lost (INS-6)."""

import asyncio
from collections.abc import Mapping

from podium import config
from podium.agents.command import Program, program
from podium.config import Config
from podium.domain.errors import Unavailable
from podium.domain.fleet import Restart
from podium.operations.context import Context
from podium.operations.fleet import EVERYTHING, DrainInput, target_of
from podium.operations.operation import Destructive, Output, operation, option
from podium.operations.roster import attempts_of, fleet_of
from podium.store.rows import Rows


def programs_of(chosen: Config) -> dict[str, Program]:
    """What is started for each agent of a configuration; raises UsageError."""
    agents = chosen.all_agents().items()
    return {name: program(name, agent.command, agent.env, agent.options(), agent.acp) for name, agent in agents}


class SwapInput(DrainInput):
    """Which instances."""

    now: bool = option(False, "End what they do, uncharged; their jobs go on, by session, under the new ones.")


class SwapOutput(Output):
    """What became of it."""

    agents: list[str]
    """Those whose program is another one now."""
    instances: list[str]
    """Those that start it from their next attempt on."""
    finishing: list[str]
    """Of them, those whose present attempt goes on to its end as it began."""
    attempts_ended: list[str]


async def _ended(context: Context, asked: SwapInput) -> dict[str, int]:
    busy = (await context.store.read(lambda rows: _whom(rows, context, asked.target)))[1]
    return {"running attempt": len(busy) if asked.now else 0}


@operation("swap", safety=Destructive("End", _ended), server="scaling", example="podium swap development")
async def swap(context: Context, asked: SwapInput) -> SwapOutput:
    """Replace what instances run by the agents, models and versions that podium.toml names now, one by one.

    Each finishes its attempt first, while the others work on; with --now it is ended, and no try is used up. A workflow
    or an instance can be swapped alone, for a trial; all, and an orchestrator that starts anew, mean everybody.
    """
    if context.programs is None:
        raise Unavailable("No orchestrator runs on this home; it reads podium.toml when it starts: `podium up`.")
    fresh = programs_of(config.load(context.home))
    names, busy = await context.store.read(lambda rows: _whom(rows, context, asked.target))
    agents = context.programs.swap(fresh, None if asked.target == EVERYTHING else names)
    ended: Mapping[str, str] = busy if asked.now else dict[str, str]()
    who, touched = context.named(""), names if agents else list(ended)
    orders = [Restart(one, ended.get(one, ""), tuple(agents), by=who, reason=asked.reason) for one in touched]
    await asyncio.gather(*map(context.submit, orders))
    return SwapOutput(
        agents=agents,
        instances=touched,
        finishing=[name for name in touched if name in busy.keys() - ended.keys()],
        attempts_ended=list(ended.values()),
    )


def _whom(rows: Rows, context: Context, target: str) -> tuple[list[str], Mapping[str, str]]:
    """The instances that a target names, and what those at work are at; raises NotFound."""
    queues, instances, _ = target_of(rows, context, target)
    names = [one.name for one in fleet_of(rows, context).present() if one.queue in queues or one.name in instances]
    return names, {name: attempt for name, attempt in attempts_of(rows).items() if name in names}
