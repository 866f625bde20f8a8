"""Silent builds and hung agents side by side on virtual time: who is ended, who is not, and how soon."""

from dataclasses import dataclass
from typing import Final

from podium.domain import pipeline_file
from tests.simulation.run import Run, default_pipeline
from tests.simulation.test_poison import STALL_SECONDS, History
from tests.simulation.world import Faults, Workload

MARGIN_SECONDS: Final = 10.0
"""From the moment that an agent is over its step's limit of silence to its end."""


@dataclass(slots=True)
class Vigil:
    """What was seen."""

    silent: int = 0
    """Attempts that worked without a word for longer than the limit."""
    hung: int = 0
    killed: int = 0
    """Of those that worked, the ones that were ended for their silence."""
    late: int = 0
    """Of those that hung, the ones that were found too late, or never."""
    longest_seconds: float = 0.0
    """Over its limit, until it was ended."""


def keep(silent: int, first: int = 0) -> Vigil:
    """Play seeds until so many have worked in silence for longer than their step's `stall_seconds`."""
    seen, seed = Vigil(), first
    while seen.silent < silent:
        _watch(seen, seed)
        seed += 1
    return seen


def _watch(seen: Vigil, seed: int) -> None:
    run = Run(seed, Faults(agent_hangs=0.05, silent_work=1.0), 2, Workload(step_seconds=900.0, features=8))
    text = default_pipeline()[1].replace("\nrole = ", f"\nstall_seconds = {STALL_SECONDS}\nrole = ")
    run.pipeline, run._pipeline_text = pipeline_file.parse(text), text
    history = History(run)
    assert history.violations == (), f"seed {seed}"
    for number, job in history.jobs.items():
        gates = run.pipeline.step(job.workflow, job.step).gates
        limit = STALL_SECONDS + sum(gate.timeout_seconds for gate in gates if gate.kind == "command")
        for attempt, _, _, leased_at, ended_at, ending, _, reason, *_ in history.attempts[number]:
            over = ended_at - leased_at - limit
            if (number, attempt) in run.world.ground.hung:
                seen.hung += 1
                seen.late += ending != "timed-out" or over > MARGIN_SECONDS
                seen.longest_seconds = max(seen.longest_seconds, over)
            elif over > 0 and job.queue != "podium":
                seen.silent += 1
                seen.killed += ending == "timed-out" and "without progress" in reason  # not the step's own limit
