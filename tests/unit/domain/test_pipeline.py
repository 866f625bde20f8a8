"""The shipped pipeline is as specified, expands as specified, and a wrong file is refused with its line."""

from importlib import resources

import pytest

from podium.domain import pipeline_file
from podium.domain.errors import InvalidPipeline
from podium.domain.pipeline import Item, Pipeline, PlannedJob, expand

TEXT = resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8")


@pytest.fixture(scope="module")
def shipped() -> Pipeline:
    return pipeline_file.parse(TEXT, "default.toml")


def names(planned: list[PlannedJob]) -> dict[str, set[str]]:
    """Each job as `step/item`, with what it comes after."""
    own = [f"{job.step.id}/{job.item}".rstrip("/") for job in planned]
    return {
        name: {f"{job.step.workflow}.{own[place]}" for place in job.after} | set(map(".".join, job.elsewhere))
        for name, job in zip(own, planned, strict=True)
    }


@pytest.mark.requirement("PIP-2")
def test_genesis_analyses_then_scaffolds_and_writes_issues_in_parallel(shipped: Pipeline) -> None:
    jobs = names(expand(shipped.workflows["genesis"], {}))
    assert jobs["scaffold"] == {"genesis.analyze"} == jobs["issues"]
    assert jobs["found"] == {"genesis.scaffold", "genesis.issues"}


@pytest.mark.requirement("PIP-3")
def test_development_is_one_chain_for_each_issue_then_joins(shipped: Pipeline) -> None:
    jobs = names(expand(shipped.workflows["development"], {"issue": [Item("001-a"), Item("002-b")]}))
    assert jobs["tests/001-a"] == set()
    assert jobs["implement/001-a"] == {"development.tests/001-a"}
    assert jobs["merge/002-b"] == {"development.review/002-b"}
    assert jobs["performance"] == {"development.merge/001-a", "development.merge/002-b"}
    assert jobs["deploy"] == {"development.ci"}


@pytest.mark.requirement("PIP-4")
def test_content_starts_at_deploying_works_in_parallel_and_publishes_after_the_deployment(shipped: Pipeline) -> None:
    assert ("development.DEPLOYING", "content") in {(rule.on, rule.enqueue) for rule in shipped.rules}
    jobs = names(expand(shipped.workflows["content"], {}))
    assert jobs["documentation"] == jobs["marketing"] == jobs["social"] == {"content.analyze"}
    assert jobs["publish"] == {"content.optimize", "development.deploy"}


def test_an_empty_fan_out_leaves_the_joins_free(shipped: Pipeline) -> None:
    jobs = names(expand(shipped.workflows["development"], {"issue": []}))
    assert jobs["performance"] == set()


@pytest.mark.requirement("INS-1")
def test_pools_have_the_documented_instances_and_roles(shipped: Pipeline) -> None:
    pools = {name: dict(workflow.instances) for name, workflow in shipped.workflows.items()}
    assert pools["genesis"] == {"genesis-01": "analysis", "genesis-02": "scaffolding", "genesis-03": "issues"}
    assert list(pools["development"]) == ["dev-01", "dev-02", "dev-03", "dev-04", "dev-05"]
    assert pools["content"]["content-03"] == "social"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('role = "review"', 'role = "reviewer"', "unknown role 'reviewer'"),
        ('after = ["tests"]', 'after = ["tests", "merge"]', "wait for each other: implement -> merge"),
        ('after = ["review"]', 'after = ["reviews"]', "unknown step 'reviews'"),
        ('state = "CODING"', 'state = "WRITING"', "'WRITING' is not a state of development"),
        ('id = "implement"', 'id = "tests"', "two steps 'tests'"),
        ("independent = true", "independant = true", "unknown key 'independant'"),
        ('on = "development.DEPLOYING"', 'on = "development.DEPLOYED"', "must be WORKFLOW.STATE"),
        ("timeout_seconds = 1800", "timeout_seconds = 0", "must be a whole number of at least 1"),
        ("timeout_seconds = 1800", "stall_seconds = 0", "stall_seconds must be a whole number of at least 1"),
        ('start = "genesis"', 'start = "begin"', "'begin' is not a workflow"),
        ('rework = "implement"', 'rework = "performance"', "must be a step of the same chain"),
        ('action = "deploy"', 'action = "ship"', "unknown action 'ship'"),
        ('command = "test" }]', 'command = "tset" }]', "not in [commands]"),
        ("\non_message = true", '\non_message = true\nafter = ["analyze"]', "is done on a message, whatever the state"),
        ('after = ["ci"]', 'after = ["answer"]', "unknown step 'answer'"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line_and_what_to_write(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(InvalidPipeline) as refused:
        pipeline_file.parse(TEXT.replace(old, new, 1), "mine.toml")
    told = str(refused.value)
    assert message in told
    line = int(told.split("line ")[1].split(":", maxsplit=1)[0])
    near = TEXT.replace(old, new, 1).splitlines()[max(0, line - 14) : line + 12]
    assert any(new.split(" = ", maxsplit=1)[0].strip() in text for text in near), (line, near)


def test_a_file_that_is_not_toml_is_refused() -> None:
    with pytest.raises(InvalidPipeline, match="not valid TOML"):
        pipeline_file.parse("name = ", "mine.toml")
