"""Answers about what waits for somebody, built from the operations' own output models."""

from podium.operations.letters import Letter, LetterAttempt, LettersOutput, ReplayAllOutput
from podium.operations.stuck import StuckOutput, StuckRow
from tests.unit.faces.samples import ITEMS, NOW, Answer, plain


def letters(*, empty: bool = False) -> Answer:
    attempts = [
        LetterAttempt(
            number=number, instance=f"dev-0{number}", leased_at=NOW - 900 + 60 * number,
            ended_at=NOW - 890 + 60 * number,
            ending="crashed", reason="crashed: killed by SIGKILL",
            log=f"/srv/podium/attempts/hello-world/14.a{number}/messages.ndjson" if number > 1 else "",
        )
        for number in (1, 2, 3)
    ]  # fmt: skip
    reason = "3 attempts failed; the last: crashed: killed by SIGKILL"
    made = [
        Letter(
            job=job, project="hello-world", workflow="development", step=step, item=item, died_at=NOW - 710,
            reason=reason, waiting=waiting, attempts=attempts,
        )
        for job, step, item, waiting in ((14, "implement", ITEMS[2], 1), (23, "ci", "", 0))
    ]  # fmt: skip
    return plain(LettersOutput(letters=[] if empty else made, total=0 if empty else 5))


def replayed(dead: int, done: int) -> Answer:
    return plain(ReplayAllOutput(project="hello-world", dead=dead, replayed=done))


def stuck(*, empty: bool = False) -> Answer:
    job = {"project": "hello-world", "job": 14, "workflow": "development", "step": "implement", "item": ITEMS[2]}
    whole = {"project": "hello-world", "job": 0, "workflow": "", "step": "", "item": "", "instance": ""}
    rows = [
        job | {"kind": "silent", "instance": "dev-02", "since": NOW - 1_320, "because": "dev-02 has it; it is alive"},
        job | {"kind": "held", "instance": "", "since": NOW - 30_000, "because": "16 chains are open", "more": 30},
        whole | {"kind": "paused", "since": NOW - 200_000, "because": "its project is paused"},
        whole | {"kind": "stranded", "since": None, "because": "no job could ever move: a defect in Podium"},
    ]
    made = [StuckRow.model_validate({"more": 0, "todo": "`podium why 14`"} | row) for row in rows]
    return plain(StuckOutput(stuck=[] if empty else made, total=0 if empty else 40))
