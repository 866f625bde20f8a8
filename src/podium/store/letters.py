"""Laws of the dead-letter queue: a poison job is set aside with all its attempts, until a person replays or drops it.

A dead letter keeps its chain waiting and nothing else: it holds no instance and none of its project's places.
"""

from podium.domain.command import Complete, Steer
from podium.domain.errors import Conflict
from podium.domain.job import Job
from podium.refusals import refusal
from podium.store.batch import Batch


def weighed(batch: Batch, job: Job, command: Complete) -> Complete:
    """The command as it stands if every failed attempt of the row died; else a reviewer has something to look at."""
    if not batch.rows.one("finished_in_row", (job.id,))[0]:
        return command
    return command._replace(verdict=command.verdict._replace(kind="escalate", review="exhausted"))


def bury(batch: Batch, job: Job, command: Complete) -> None:
    """Set a poison job aside and give its place in the project to another chain."""
    batch.tell("job.buried", batch.move(job, "bury"), reason=command.verdict.reason)


def replay(batch: Batch, job: Job, command: Steer) -> None:
    """Give a dead letter fresh tries, at the end of its queue."""
    require_dead(job, command.action)
    after = batch.move(job, "replay", {"failures": 0, "reworks": 0})
    batch.tell("job.replayed", after, by=command.by, reason=command.reason)
    batch.touch(job)


def require_dead(job: Job, action: str) -> None:
    """Only a dead letter is replayed or dropped here; raises `Conflict`."""
    if job.state != "dead":
        raise Conflict(refusal("no dead letter", job=job, action=action))
