"""The list of requirements and the tests agree, in both directions."""

from collections.abc import Iterable

import pytest

from tests.tidy.requirements import FILE, Claim, Requirement, claims, load, problems
from tests.tidy.source import ROOT, RULES, Module, modules, rules

LIST = load(ROOT)
CLAIMS = claims(modules("tests"))


def test_entries_are_complete() -> None:
    incomplete = {entry.id: found for entry in LIST.values() if (found := problems(entry))}
    assert LIST
    assert not incomplete


def test_markers_name_known_requirements() -> None:
    assert not disagreements(LIST, CLAIMS)


def test_proven_requirements_have_tests() -> None:
    carried = {id_ for claim in CLAIMS for id_ in claim.ids}
    missing = [id_ for id_, entry in LIST.items() if entry.status == "proven" and id_ not in carried]
    assert not missing, f"{FILE} calls these proven, but no test carries their id: {missing}"


def test_open_requirements_only_shrink() -> None:
    count = sum(entry.status == "open" for entry in LIST.values())
    allowed = rules()["requirements"]["open_max"]
    assert count <= allowed, f"{count} requirements are open, {allowed} were: what was proven stays proven"
    assert count == allowed, f"only {count} requirements are open: lower open_max in {RULES}"


def disagreements(known: Iterable[str], made: Iterable[Claim]) -> list[str]:
    """Markers that the list cannot answer to."""
    ids = set(known)
    found = [f"{claim.where}: write the ids as plain strings" for claim in made if not claim.literal]
    return found + [f"{claim.where}: {id_} is not in {FILE}" for claim in made for id_ in claim.ids if id_ not in ids]


@pytest.mark.parametrize(
    "marker",
    [
        "@pytest.mark.requirement('AAA-1', 'AAA-2')\ndef test_x(): ...",
        "pytestmark = [pytest.mark.requirement('AAA-1', 'AAA-2')]",
        "pytest.param(1, marks=pytest.mark.requirement('AAA-1', 'AAA-2'))",
    ],
)
def test_claims_are_found_however_attached(marker: str) -> None:
    (claim,) = claims([Module("tests/test_x.py", marker)])
    assert claim.ids == ("AAA-1", "AAA-2")
    assert not disagreements(["AAA-1", "AAA-2"], [claim])
    assert disagreements(["AAA-1"], [claim]) == [f"tests/test_x.py:1: AAA-2 is not in {FILE}"]


@pytest.mark.parametrize("arguments", ["ID", "*IDS", "", "'AAA-1', ID", "id='AAA-1'"])
def test_claims_must_be_plain_strings(arguments: str) -> None:
    made = claims([Module("tests/test_x.py", f"pytest.mark.requirement({arguments})")])
    assert disagreements(["AAA-1"], made) == ["tests/test_x.py:1: write the ids as plain strings"]


@pytest.mark.parametrize(
    ("entry", "count"),
    [
        (Requirement("AAA-1", "It works.", "proven"), 0),
        (Requirement("AAA-1", "It works.", "open", "part 2"), 0),
        (Requirement("AAA-1", "It works.", "open"), 1),
        (Requirement("AAA-1", "It works.", "proven", "because"), 1),
        (Requirement("AAA-01", " ", "proven"), 2),
    ],
)
def test_incomplete_entries_are_told(entry: Requirement, count: int) -> None:
    assert len(problems(entry)) == count
