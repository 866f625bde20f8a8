"""What a provider sets: budgets that stop, limits that are waited out, questions that a person answers."""

import time
from pathlib import Path
from typing import Final

import pytest

from tests.faces.claude_home import PASSED, attempts, home, job_of, processes, submit
from tests.scripted.script import Answer, Asked, Call, Cut, Failure, Silence, Text

LOGGED_IN: Final = {"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-" + "x" * 80}
"""Only to an account the provider says when its limit ends."""
QUESTION: Final = Call(
    "StructuredOutput", {"verdict": "question", "summary": "Which greeting: Hello or Good day?", "artifacts": []}
)


def busy(asked: Asked) -> Answer:
    """It works for some turns, each of which costs the same, and passes."""
    resumed = "go on where you were" in asked.prompt
    works = asked.turn < (1 if resumed else 6)
    return (
        Call("Bash", {"command": "date"}) if works else (PASSED if asked.results[-1].tool == "Bash" else Text("done"))
    )


@pytest.mark.requirement("INS-7")
def test_a_project_stops_at_its_budget_tells_and_goes_on_when_it_is_raised(tmp_path: Path) -> None:
    with home(tmp_path, busy) as (podium, server):
        submit(podium, "greeter", "--budget-usd", "0.1")
        project = podium.until("answer['paused']", "project", "greeter")
        assert "budget of $0.10 is used up" in project["paused"]
        assert project["spend"]["cost_usd"] >= 0.1 == project["spend"]["budget_usd"]
        (notice,) = podium.ask("notices")["notices"]
        assert notice["needs_you"]
        assert "podium budget greeter" in notice["text"]
        (first,) = attempts(podium)
        assert (first["verdict"], first["reason"]) == (
            "retry",
            "its provider cannot now: The project's budget is used up.",
        )
        assert podium("resume", "greeter").returncode != 0, "nothing has been raised"
        podium.ask("budget", "greeter", "9")
        podium.ask("resume", "greeter")
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        _, second = attempts(podium)
        assert second["verdict"] == "pass"
        spent = podium.ask("project", "greeter")["spend"]
        assert spent["cost_usd"] == pytest.approx(first["cost_usd"] + second["cost_usd"])
        assert spent["input_tokens"] == first["input_tokens"] + second["input_tokens"]
        sent = sum(len(asked.body["messages"]) > 0 for asked in server.asked)
        assert sent >= 5, "each request has been counted once, over the resume too"
        assert job_of(podium)["failures"] == 0


class Limited:
    """The provider's limit is reached once, and ends some seconds later."""

    def __init__(self, seconds: int) -> None:
        self.until = 0
        self.seconds = seconds
        self.early: list[float] = []

    def __call__(self, asked: Asked) -> Answer:
        if not self.until:
            self.until = int(time.time()) + self.seconds
            headers = {
                "anthropic-ratelimit-unified-status": "rejected",
                "anthropic-ratelimit-unified-reset": str(self.until),
                "anthropic-ratelimit-unified-representative-claim": "five_hour",
            }
            return Failure(429, "rate_limit_error", "limit reached", headers=headers)
        if time.time() < self.until:
            self.early.append(time.time())
        return (PASSED, Text("done"))[min(asked.turn, 1)]


@pytest.mark.requirement("REC-3")
def test_a_limit_holds_the_whole_provider_until_its_stated_reset(tmp_path: Path) -> None:
    script = Limited(9)
    with home(tmp_path, script, **LOGGED_IN) as (podium, _):
        submit(podium)
        (held,) = podium.until("answer['system']['providers_held']", "status")["system"]["providers_held"]
        assert held["agent"] == "claude"
        assert abs(held["until"] - script.until) < 1
        (check,) = [one for one in podium.ask("health")["checks"] if one["name"] == "Providers"]
        assert check["state"] == "warning"
        submit(podium, "another")
        assert job_of(podium, "another")["state"] == "delayed", "the limit is the account's, not the job's"
        for project in ("greeter", "another"):
            podium.until("answer['state'] == 'complete'", "project", project)
        assert not script.early
        first, second = attempts(podium)
        assert first["reason"].startswith("its provider's limit")
        assert second["leased_at"] - first["ended_at"] > 3
        assert [a["verdict"] for a in attempts(podium, "another")] == ["pass"]
        assert job_of(podium)["failures"] == 0
        assert not podium.ask("status")["system"]["providers_held"]


class First:
    """The provider answers so at first; then all is well."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def __call__(self, asked: Asked) -> Answer:
        return self.answers.pop(0) if self.answers else (PASSED, Text("done"))[min(asked.turn, 1)]


@pytest.mark.requirement("REC-3", "REC-2")
@pytest.mark.parametrize(
    ("answers", "options", "words"),
    [
        (
            (Failure(500), Failure(429, "rate_limit_error")),
            "",
            ["The provider answers 500", "The provider answers 429"],
        ),
        ((Cut([Text("It was a dark and stormy night.")]),), "", []),
        ((Silence(),), "stall_seconds = 2", ["The provider fell silent"]),
    ],
    ids=["500 and 429", "dropped", "silent"],
)
def test_trouble_of_the_provider_uses_up_no_try(
    tmp_path: Path, answers: tuple[Answer, ...], options: str, words: list[str]
) -> None:
    with home(tmp_path, First(*answers), options) as (podium, _):
        submit(podium)
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        *troubles, last = attempts(podium)
        assert (last["verdict"], last["reason"]) == ("pass", "done")
        assert len(troubles) == len(words)
        for trouble, said in zip(troubles, words, strict=True):
            assert trouble["reason"].startswith(f"its provider cannot now: {said}")
        assert job_of(podium)["failures"] == 0
        assert processes(podium) == []


def asking(asked: Asked) -> Answer:
    """It asks, and passes when it is answered."""
    if "go on where you were" not in asked.prompt:
        return (QUESTION, Text("done"))[min(asked.turn, 1)]
    feedback = (
        next(line for line in asked.prompt.split("\n") if "feedback.md" in line).split(": ")[0].removeprefix("- ")
    )
    return (Call("Read", {"file_path": feedback}), PASSED, Text("done"))[asked.turn]


@pytest.mark.requirement("COM-2")
def test_a_question_frees_its_slot_and_the_answer_resumes_its_session(tmp_path: Path) -> None:
    with home(tmp_path, asking) as (podium, server):
        submit(podium)
        (review,) = podium.until("answer['reviews']", "review", "list")["reviews"]
        assert (review["kind"], review["reason"]) == ("question", "Which greeting: Hello or Good day?")
        assert all(instance["job"] is None for instance in podium.ask("instances")["instances"]), "its slot is free"
        podium.ask("review", "send-back", str(review["id"]), "--notes", "Good day, always.")
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        last = server.asked[-1]
        assert "Which greeting" in str(last.body["messages"]), "the session went on"
        assert "Good day, always." in str(last.body["messages"])
        assert [a["verdict"] for a in attempts(podium)] == ["escalate", "pass"]


@pytest.mark.requirement("INS-5")
def test_an_attempt_without_turns_left_is_gone_on_with(tmp_path: Path) -> None:
    with home(tmp_path, busy, "max_turns = 4") as (podium, _):
        submit(podium)
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        assert [a["verdict"] for a in attempts(podium)] == ["rework", "pass"]


def overloaded(asked: Asked) -> Answer:
    """Only the other model answers."""
    if asked.body["model"] == "claude-first":
        return Failure(529, "overloaded_error", "Overloaded")
    return (PASSED, Text("done"))[min(asked.turn, 1)]


@pytest.mark.requirement("REC-3")
def test_another_model_is_taken_while_the_first_is_overloaded(tmp_path: Path) -> None:
    options = 'model = "claude-first"\nfallback_model = "claude-second"'
    with home(tmp_path, overloaded, options, CLAUDE_CODE_MAX_RETRIES="3") as (podium, server):
        submit(podium)
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        assert [a["verdict"] for a in attempts(podium)] == ["pass"]
        assert {asked.body["model"] for asked in server.asked} == {"claude-first", "claude-second"}
