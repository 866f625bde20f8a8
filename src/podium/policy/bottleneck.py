"""What holds the work up most, and what to do about it? One answer, by the seconds that each thing costs (SCL-5)."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

SECONDS_MIN: Final = 60.0
"""What costs less holds nothing up."""
VAIN_SHARE: Final = 0.3
VAIN_ATTEMPTS_MIN: Final = 5
"""A step whose attempts are so often in vain, of at least so many."""


class FlowSeen(NamedTuple):
    """One workflow's queue and instances."""

    workflow: str
    size: int
    running: int
    depth: int
    seconds: float
    """What a job of it takes on average; 0 where nobody knows."""

    @property
    def expected_wait_seconds(self) -> float:
        """How long the last job in its queue waits at the present pace."""
        return self.depth * self.seconds / self.size if self.size else float("inf") if self.depth else 0.0


class StepSeen(NamedTuple):
    """What attempts at one step came to lately."""

    workflow: str
    step: str
    ended: int
    seconds: float
    vain: int
    """Tried again, sent back, or dead."""


class Bottleneck(NamedTuple):
    """`seconds` is how long work waits for it now; `kind` is `none` where nothing is worth a word."""

    kind: str
    where: str
    seconds: float
    because: str
    todo: str


def name(
    flows: Sequence[FlowSeen], steps: Sequence[StepSeen], reviews: int, review_seconds: float, machine: str
) -> Bottleneck:
    """The worst. `review_seconds` is the age of the oldest open review; `machine` says why it has no room, if so."""
    found = [*_of_flows(flows, machine), *_of_steps(flows, steps)]
    if reviews:
        because = f"{reviews} review{'s' * (reviews > 1)} wait{'s' * (reviews == 1)} for a decision"
        found.append(Bottleneck("review", "review", review_seconds, because, "decide them: `podium review list`"))
    worst = max(found, key=lambda one: one.seconds, default=None)
    if worst is None or worst.seconds < SECONDS_MIN:
        return Bottleneck("none", "", 0.0, "nothing holds the work up", "")
    return worst


def _of_flows(flows: Sequence[FlowSeen], machine: str) -> Iterator[Bottleneck]:
    for flow in flows:
        wait, what = flow.expected_wait_seconds, f"{flow.depth} jobs of {flow.workflow} wait"
        if not flow.depth:
            continue
        if flow.running < flow.size:
            because = f"{what}, and {flow.size - flow.running} of its {flow.size} instances do nothing"
            yield Bottleneck("blocked", flow.workflow, wait, because, "`podium stuck` says which job may go nowhere")
        elif machine:
            yield Bottleneck("machine", flow.workflow, wait, f"{what}; {machine}", "free memory or CPU, then scale up")
        else:
            because = f"{what} for {flow.size} instances, all busy, with {flow.seconds:.0f} s for each job"
            yield Bottleneck("instances", flow.workflow, wait, because, f"`podium scale-up {flow.workflow}`")


def _of_steps(flows: Sequence[FlowSeen], steps: Sequence[StepSeen]) -> Iterator[Bottleneck]:
    jobs = {flow.workflow: (flow.depth + flow.running) / max(1, flow.size) for flow in flows}
    for step in steps:
        share = step.vain / step.ended
        if step.ended >= VAIN_ATTEMPTS_MIN and share >= VAIN_SHARE:
            lost = jobs.get(step.workflow, 0.0) * step.seconds * share
            because = f"{step.vain} of the last {step.ended} attempts at {step.step} were in vain"
            todo = f"look at what they say: `podium events`, and the prompt or the gates of {step.step}"
            yield Bottleneck("rework", f"{step.workflow}.{step.step}", lost, because, todo)
