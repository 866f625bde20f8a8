"""A rule does one of four things; what is wrong with one is told with its line; texts ask for what there is."""

from importlib import resources

import pytest

from podium.domain import pipeline_file
from podium.domain.errors import InvalidPipeline, UsageError
from podium.domain.message import checked_address
from podium.domain.rule_file import PLACEHOLDERS, asked, fill

TEXT = resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8")
LINES = TEXT.count("\n") + 2


def with_rule(rule: str) -> str:
    """The shipped pipeline with one rule more, which begins on line `LINES`."""
    return f"{TEXT}\n[[rules]]\n{rule}\n"


def refused(rule: str, webhooks: tuple[str, ...] | None = None) -> str:
    with pytest.raises(InvalidPipeline) as caught:
        pipeline_file.parse(with_rule(rule), "mine.toml", webhooks)
    return str(caught.value)


ACCEPTED = [
    'on = "genesis.PLANNED"\nnotify = "{title} has a plan"',
    'on = "event:job.escalated"\nnotify = "{project}: job {job} waits: {reason}"\nneeds_you = true',
    'on = "event:review.opened"\nmessage = { to = "role:features", text = "review {review}" }',
    'on = "event:genesis_complete"\nmessage = { to = "instance:dev-02", text = "{issues} issues" }',
    'on = "event:project.completed"\nmessage = { to = "all", text = "done" }',
    'on = "event:genesis_complete"\nenqueue = "development"',
    'on = "event:message.sent"\nwebhook = "ci"',
]


@pytest.mark.requirement("EVT-4", "PIP-7")
@pytest.mark.parametrize("rule", ACCEPTED)
def test_a_user_extends_the_rules(rule: str) -> None:
    shipped, mine = pipeline_file.parse(TEXT), pipeline_file.parse(with_rule(rule), "mine.toml", ("ci",))
    added = mine.rules[-1]
    assert mine.rules[:-1] == shipped.rules
    assert added.number == len(shipped.rules)
    assert added in mine.on[added.on]
    assert mine.events == ({added.on.removeprefix("event:")} if added.on.startswith("event:") else set())


@pytest.mark.requirement("EVT-4", "PIP-7")
@pytest.mark.parametrize(
    ("rule", "line", "said"),
    [
        ('on = "genesis.PLANNED"', 1, "does exactly one of enqueue, notify, message, webhook; this one does nothing"),
        ('on = "genesis.PLANNED"\nnotify = "x"\nwebhook = "ci"', 1, "this one does notify and webhook"),
        ('on = "event:job.exploded"\nnotify = "x"', 1, "there is no such event; events are attempt.noted"),
        (
            'on = "genesis.DONE"\nnotify = "x"',
            1,
            "must be WORKFLOW.STATE, with a state of that workflow, or event:TYPE",
        ),
        ('notify = "x"', 0, "on = '' must be"),
        ('on = "genesis.PLANNED"\nnotify = "{titel}"', 2, "unknown placeholder {titel}; known: project, title"),
        ('on = "genesis.PLANNED"\nnotify = "{title.__class__}"', 2, "unknown placeholder {title.__class__}"),
        ('on = "genesis.PLANNED"\nnotify = " "', 2, "needs a text of 1 to 2000 characters"),
        ('on = "genesis.PLANNED"\nenqueue = "content"\nneeds_you = true', 3, "goes with notify only"),
        ('on = "genesis.PLANNED"\nmessage = "x"', 2, "message must be { to"),
        ('on = "genesis.PLANNED"\nmessage = { to = "dev-02", text = "x" }', 2, "'dev-02' is no address"),
        ('on = "genesis.PLANNED"\nmessage = { to = "role:cook", text = "x" }', 2, "no role 'cook'; known: analysis"),
        ('on = "event:message.sent"\nmessage = { to = "all", text = "x" }', 1, "would never end"),
        ('on = "event:project.completed"\nenqueue = "content"', 1, "the project has ended then"),
        ('on = "genesis.PLANNED"\nwebhook = "https://example.com"', 2, "never a URL"),
        ('on = "genesis.PLANNED"\nwebhook = "other"', 2, "podium.toml has no [webhooks.other]; it has ci"),
        ('on = "genesis.PLANNED"\nshell = "rm"', 2, "unknown key 'shell'"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_line(rule: str, line: int, said: str) -> None:
    told = refused(rule, ("ci",))
    assert told.startswith(f"mine.toml, line {LINES + line}: "), told
    assert said in told


def test_webhooks_are_unchecked_where_nobody_knows_the_configuration() -> None:
    assert pipeline_file.parse(with_rule('on = "genesis.PLANNED"\nwebhook = "other"')).rules[-1].webhook == "other"


def test_work_that_waits_for_another_workflow_needs_a_rule_that_is_sure_of_it() -> None:
    by_event = TEXT.replace('on = "development.DEPLOYING"\nenqueue', 'on = "event:development_milestone"\nenqueue')
    assert pipeline_file.parse(by_event).on["event:development_milestone"][0].enqueue == "content"
    unsure = TEXT.replace('on = "development.DEPLOYING"\nenqueue', 'on = "event:review.opened"\nenqueue')
    with pytest.raises(InvalidPipeline, match="content may begin before development does"):
        pipeline_file.parse(unsure)


def test_placeholders_are_filled_and_values_are_left_alone() -> None:
    assert asked("{title} and {x}, {} and { a }") == ["title", "x", "", " a "]
    assert fill("{title}: {state}{job}", {"title": "{state}", "state": "DONE"}) == "{state}: DONE"
    assert "title" in PLACEHOLDERS


@pytest.mark.requirement("COM-1")
@pytest.mark.parametrize("text", ["all", "instance:dev-02", "role:features", "workflow:development"])
def test_addresses(text: str) -> None:
    known = {"instance": ["dev-02"], "role": ["features"], "workflow": ["development"]}
    assert checked_address(text, known) == text
    for wrong in (f"{text}x", f"x{text}", text.upper()):
        with pytest.raises(UsageError):
            checked_address(wrong, known)
