"""How the running whole is: the orchestrator, the machine under it, instances, work, and what goes out."""

from podium.operations import doctor
from podium.operations.context import Context
from podium.operations.doctor import Check, State, finding
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


@operation("health")
async def health(context: Context, asked: Nothing) -> HealthOutput:
    """Tell whether all is well: orchestrator, machine, instances, work, deliveries."""
    system = (await status(context, Nothing())).system
    pool = await instances(context, Nothing())
    disabled = await context.store.read(lambda rows: rows.all("webhooks_disabled"))
    checks = [
        doctor.check_orchestrator(system.projects_open, running=context.running), doctor.check_disk(context.home),
        doctor.check_memory(doctor.memory_available()), check_instances(pool), _none_of("Stuck", system.stuck),
        _none_of("Dead letters", system.dead_letters), check_success(system.success_rate),
        check_targets(await context.store.read(lambda rows: against(rows, context))), check_providers(system),
        check_breakers(system), check_webhooks(disabled),
    ]  # fmt: skip
    order: list[State] = ["ok", "warning", "problem"]
    worst: State = max((check.state for check in checks), key=order.index)
    return HealthOutput(state=worst, checks=checks, instances=tuple(pool.instances))


def check_instances(pool: InstancesOutput) -> Check:
    """Who hangs, rests after a crash or is in quarantine is of no use."""
    rows = pool.instances
    ill: dict[str, list[str]] = {}
    for row in rows:
        if row.state in UNWELL:
            ill.setdefault(row.state, []).append(row.name)
    said = [f"{sum(row.job is not None for row in rows)} of {len(rows)} at work"]
    said += [f"{state}: {', '.join(names)}" for state, names in ill.items()]
    first = next(iter(ill.values()), [""])[0]
    return finding("Instances", "ill" if ill else "ok", said="; ".join(said), first=first)


def check_providers(system: SystemStatus) -> Check:
    """A provider's limit is waited out until the time that it has said."""
    said = "; ".join(f"{one.agent}: {one.reason}, {one.until - one.since:,.0f} s" for one in system.providers_held)
    return finding("Providers", "held" if said else "ok", said=said)


def check_breakers(system: SystemStatus) -> Check:
    """What fails too often is left alone for a while; a provider that has asked for it is told of apart."""
    held = {f"provider:{one.agent}" for one in system.providers_held}
    said = "; ".join(f"{one.name} is {one.state}: {one.reason}" for one in system.breakers if one.name not in held)
    return finding("Breakers", "open" if said else "ok", said=said)


def check_success(rate: float | None) -> Check:
    """How much of the last day's work came to its end."""
    return finding("Success", "none" if rate is None else "ok" if rate >= SUCCESS_RATE_MIN else "low", rate=rate or 0.0)


UNWELL = ("stuck", "crashed", "quarantined")
SUCCESS_RATE_MIN = 0.8
"""Below this share of completed projects, someone should look."""


def _none_of(check: str, number: int) -> Check:
    return finding(check, "some" if number else "ok", number=number)


def check_targets(found: list[Target]) -> Check:
    """What the fleet is to reach, as far as there was such work."""
    few = {one.name: f" ({one.rests_on})" if one.rests_on else "" for one in found}
    missed = [
        f"{t.name} {t.actual:,.4g} {t.unit}, not {t.low:g} to {t.high:g}{few[t.name]}" for t in found if t.met is False
    ]
    met = sum(one.met is True for one in found)
    return finding("Targets", "missed" if missed else "ok", said="; ".join(missed), met=met, number=len(found))


def check_webhooks(disabled: list[Row]) -> Check:
    """A receiver that refused for too long hears nothing any more."""
    said = ", ".join(f"{name} ({reason})" for name, _, reason in disabled)
    return finding("Webhooks", "disabled" if disabled else "ok", said=said)
