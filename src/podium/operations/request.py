"""A typed project request: its model, which every face shares, and the requirement document it becomes."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from graphlib import CycleError
from typing import Annotated, Final

from pydantic import Discriminator, StringConstraints, Tag, field_validator
from pydantic_core import PydanticCustomError

from podium.domain.issues import ITEMS_MAX, shortened
from podium.domain.pipeline import Item, topological
from podium.domain.project import TITLE_CHARS_MAX
from podium.operations.document import one_line
from podium.operations.operation import Input, option
from podium.refusals import refusal

BRIEF_CHARS_MAX: Final = 20_000
FEATURE_CHARS_MAX: Final = 20_000
CRITERIA_MAX: Final = 100
_MARKUP: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>&#~|"})
"""A title is plain text: none of its signs may act as Markdown."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=FEATURE_CHARS_MAX)]


class Feature(Input):
    """One thing that shall be built."""

    title: Line
    """What it does, in a few words."""
    detail: str = option("", max_length=FEATURE_CHARS_MAX)
    """More about it, in Markdown."""
    depends_on: tuple[int | Line, ...] = ()
    """Features that come first: their numbers, from 1, or their titles."""
    acceptance: tuple[Line, ...] = option((), max_length=CRITERIA_MAX)
    """What must be true when it is done."""


def _kind(value: object) -> str:
    return "text" if isinstance(value, str) else "feature"


AnyFeature = Annotated[Annotated[Line, Tag("text")] | Annotated[Feature, Tag("feature")], Discriminator(_kind)]
FEATURE_KINDS: Final = ("text", "feature")
"""Where an error is found has these names in it, which nobody wrote."""


class ProjectRequest(Input):
    """What shall be built and how it is to be treated; whatever is given here is kept as given."""

    title: str | None = option(None, min_length=1, max_length=TITLE_CHARS_MAX)
    """The project's title; a document's first heading by default."""
    brief: str = option("", max_length=BRIEF_CHARS_MAX)
    """What it is for, in a paragraph or two of Markdown."""
    features: tuple[AnyFeature, ...] = option((), json_schema_extra={"flags": ["--feature"], "maxItems": ITEMS_MAX})
    """A feature to build, such as 'Greet by name: say hello'; may be given many times."""
    type: str | None = option(None, max_length=40)
    """What is built (web, cli, library, api, data, …); found by analysis by default."""
    complexity: str | None = option(None, max_length=40)
    """small, medium or large; found by analysis by default."""
    business_value: int = option(50, ge=0, le=100)
    """What it is worth, 0 to 100."""
    weight: int = option(1, ge=1, le=10)
    """Its share of the capacity beside other projects, 1 to 10."""
    priority: int = option(50, ge=0, le=100)
    """How urgent it is, 0 to 100."""
    repository: str | None = None
    """Work on this existing repository, a folder or a URL, instead of a new one; on GitHub it gets pull requests."""
    agent: str | None = None
    """Who works on it; the home's agent by default."""
    budget_usd: float | None = option(None, gt=0, le=1_000_000)
    """What it may cost: at the limit it is paused, and a notice tells so."""
    id: str | None = None
    """The project's id; made from the title by default."""
    idempotency_key: str | None = option(None, max_length=200)
    """The same key again is the same project."""
    plan_first: bool = option(False, json_schema_extra={"flags": ["--plan-first", "--plan"]})
    """Stop after the plan, until a person approves it."""
    not_before: str | None = option(None, max_length=40)
    """Begin no earlier: a time such as 2026-03-01T08:00, or in 90m, 2h, 1d."""

    @field_validator("title")
    @classmethod
    def _can_be_seen(cls, title: str | None) -> str | None:
        """Refuse what shows nothing: blanks, or marks that only turn text around."""
        if title is not None and not one_line(title):
            raise ValueError("it shows nothing; give it letters, digits or signs")
        return title

    @field_validator("not_before", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        """TOML knows dates and times by itself."""
        return value.isoformat() if isinstance(value, date) else value

    @field_validator("features")
    @classmethod
    def _can_be_ordered(cls, features: tuple[AnyFeature, ...]) -> tuple[AnyFeature, ...]:
        """Refuse too many, those that wait for something unknown, and those that wait for each other."""
        if len(features) > ITEMS_MAX:
            raise ValueError(refusal("many features", count=len(features), most=ITEMS_MAX))
        after = dependencies(features)
        try:
            topological([Item(str(i), tuple(map(str, others))) for i, others in enumerate(after)])
        except CycleError as error:
            circle = [*reversed(error.args[1])]
            names = [f"{int(key) + 1} ({title_of(features[int(key)])[:40]})" for key in circle]
            words = refusal("circle of features", circle=" -> ".join(shortened(names)))
            raise _wrong(min(map(int, circle)), words) from None
        return features


def title_of(feature: AnyFeature) -> str:
    """A feature's title: of a text, what comes before its colon."""
    return feature.title if isinstance(feature, Feature) else feature.split(": ", 1)[0].strip()


def dependencies(features: Sequence[AnyFeature]) -> list[list[int]]:
    """For each feature the places, from 0, of those it depends on; raises `PydanticCustomError` for a strange one."""
    titles = list(map(title_of, features))
    count = Counter(titles)
    place = {title: i for i, title in enumerate(titles)}
    found: list[list[int]] = []
    for i, feature in enumerate(features):
        mine: dict[int, None] = {}
        for other in feature.depends_on if isinstance(feature, Feature) else ():
            number = other - 1 if isinstance(other, int) else place.get(other, -1)
            if not 0 <= number < len(features):
                raise _wrong(i, refusal("unknown feature", other=repr(other)[:80], most=len(features)))
            if isinstance(other, str) and count[other] > 1:
                raise _wrong(i, f"It depends on {other!r}, a title that several have. Name its number.")
            mine[number] = None
        found.append(list(mine))
    return found


def _wrong(place: int, words: str) -> PydanticCustomError:
    """`words` are told as they stand, whatever braces are in them."""
    return PydanticCustomError("depends_on", "{words}", {"place": [place, "depends_on"], "words": words})


def document_of(request: ProjectRequest) -> str:
    """The requirement document that agents read: title, brief, features in order, and what else was settled.

    A brief above features stands in a quotation, so that no unfinished Markdown in it can swallow them.
    """
    parts = [f"# {_plain(request.title or '')}"]
    brief = request.brief.strip()
    if brief:
        parts.append("\n".join(f"> {line}".rstrip() for line in brief.splitlines()) if request.features else brief)
    if request.features:
        after = dependencies(request.features)
        items = (_item(n, f, after[n - 1]) for n, f in enumerate(request.features, start=1))
        parts.append("## Features\n\n" + "\n".join(items))
    settled = [(name, value) for name, value in (("Type", request.type), ("Complexity", request.complexity)) if value]
    if settled:
        parts.append("## About this request\n\n" + " ".join(f"{name}: {_plain(value)}." for name, value in settled))
    return "\n\n".join(parts) + "\n"


def _item(number: int, feature: AnyFeature, after: list[int]) -> str:
    """One entry of the list: a bold title, its detail, what it waits for, and its criteria below."""
    mark = f"{number}. "
    if isinstance(feature, str):
        return mark + _plain(feature)
    first, *more = feature.detail.strip().splitlines() or [""]
    waits = f" (depends on {', '.join(str(other + 1) for other in after)})" if after else ""
    head = f"{mark}**{_plain(feature.title)}**" + (f": {first}" if first else "") + waits
    indent = " " * len(mark)
    rows = [head, *(f"{indent}{line}".rstrip() for line in more)]
    rows += [f"{indent}- {_plain(criterion)}" for criterion in feature.acceptance]
    return "\n".join(rows)


def _plain(text: str) -> str:
    """Text on one line, none of it markup."""
    return " ".join(text.split()).translate(_MARKUP)
