"""How the running whole is: the orchestrator, the machine under it, instances, work, and what goes out."""

from podium.operations.context import Context
from podium.operations.doctor import (
    Check,
    State,
    check_disk,
    check_memory,
    check_orchestrator,
    memory_available,
    ok,
    warning,
)
from podium.operations.instances import InstanceRow, InstancesOutput, instances
from podium.operations.operation import Nothing, Output, operation
from podium.operations.status import SystemStatus, status
from podium.operations.targets import Target, against
from podium.store.rows import Row


class HealthOutput(Output):
    """The worst state of any check, each check with what to do about it, and each instance with its signals."""

    state: State
    checks: list[Check]
    instances: tuple[InstanceRow, ...] = ()


@operation("health", server="monitor")
async def health(context: Context, asked: Nothing) -> HealthOutput:
    """Tell whether all is well: orchestrator, machine, instances, work, deliveries."""
    system = (await status(context, Nothing())).system
    pool = await instances(context, Nothing())
    disabled = await context.store.read(lambda rows: rows.all("webhooks_disabled"))
    checks = [
        check_orchestrator(system.projects_open, running=context.running), check_disk(context.home),
        check_memory(memory_available()), check_instances(pool), *check_work(system),
        check_targets(await context.store.read(lambda rows: against(rows, context))), check_providers(system),
        check_breakers(system), check_webhooks(disabled),
    ]  # fmt: skip
    order: list[State] = ["ok", "warning", "problem"]
    return HealthOutput(
        state=max((check.state for check in checks), key=order.index), checks=checks, instances=tuple(pool.instances)
    )


def check_instances(pool: InstancesOutput) -> Check:
    """Who hangs, rests after a crash or is in quarantine is of no use."""
    rows = pool.instances
    ill: dict[str, list[str]] = {}
    for row in rows:
        if row.state in UNWELL:
            ill.setdefault(row.state, []).append(row.name)
    said = f"{sum(row.job is not None for row in rows)} of {len(rows)} at work"
    if not ill:
        return ok("Instances", said)
    first, *_ = next(iter(ill.values()))
    todo = f"`podium logs {first}` shows what it says; `podium stuck` has the cause."
    return warning("Instances", "; ".join([said, *(f"{state}: {', '.join(ill[state])}" for state in ill)]), todo)


def check_work(system: SystemStatus) -> list[Check]:
    """What stands still, what died, and how much of the last day's work came to its end."""
    return [
        _none_of(system.stuck, "Stuck", "nothing stands still", "items stand still", "podium stuck"),
        _none_of(system.dead_letters, "Dead letters", "none", "jobs wait for a person", "podium dead-letters"),
        _success(system.success_rate),
    ]


def check_providers(system: SystemStatus) -> Check:
    """A provider's limit is waited out until the time that it has said."""
    if not system.providers_held:
        return ok("Providers", "none has asked to wait")
    said = "; ".join(f"{one.agent}: {one.reason}, {one.until - one.since:,.0f} s" for one in system.providers_held)
    return warning("Providers", f"held: {said}", "Nothing is lost and no try used up: the work goes on by itself.")


def check_breakers(system: SystemStatus) -> Check:
    """What fails too often is left alone for a while; a provider that has asked for it is told of apart."""
    held = {f"provider:{one.agent}" for one in system.providers_held}
    shut = [one for one in system.breakers if one.name not in held]
    if not shut:
        return ok("Breakers", "all are closed")
    said = "; ".join(f"{one.name} is {one.state}: {one.reason}" for one in shut)
    return warning("Breakers", said, "Nothing is lost and no try used up: each is tried again by itself.")


def _success(rate: float | None) -> Check:
    if rate is None:
        return ok("Success", "no project has ended in the last day")
    said = f"{rate:.0%} of the last day's projects"
    if rate >= SUCCESS_RATE_MIN:
        return ok("Success", said)
    return warning("Success", said, "`podium projects` names those that failed.")


UNWELL = ("stuck", "crashed", "quarantined")
SUCCESS_RATE_MIN = 0.8
"""Below this share of completed projects, someone should look."""


def _none_of(number: int, name: str, good: str, bad: str, typed: str) -> Check:
    if not number:
        return ok(name, good)
    return warning(name, f"{number:,} {bad}", f"`{typed}` lists them.")


def check_targets(found: list[Target]) -> Check:
    """What the fleet is to reach, as far as there was such work."""
    missed = [f"{t.name} {t.actual:g} {t.unit}, not {t.low:g} to {t.high:g}" for t in found if t.met is False]
    if not missed:
        return ok("Targets", f"{sum(one.met is True for one in found)} of {len(found)} are met, none is missed")
    return warning("Targets", f"missed: {'; '.join(missed)}", "`podium bottleneck` names what holds the work up.")


def check_webhooks(disabled: list[Row]) -> Check:
    """A receiver that refused for too long hears nothing any more."""
    if not disabled:
        return ok("Webhooks", "none is disabled")
    names = ", ".join(f"{name} ({reason})" for name, _, reason in disabled)
    todo = "Mend the receiver, then `podium deliveries replay N` sends again; `podium deliveries` has the numbers."
    return warning("Webhooks", f"disabled: {names}", todo)
