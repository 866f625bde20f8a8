"""The registry: what an operation is, and the decorator that makes one of a typed function and its row in the table."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final, Literal, Self, TypeVar, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.config import JsonDict

from podium.domain.access import Scope
from podium.domain.errors import UsageError
from podium.operations.context import Context
from podium.store.rows import Rows
from podium.tables import beside

Safety = Literal["read", "write", "destructive"]
Face = Literal["cli", "rest", "mcp"]
Server = Literal["queue", "monitor", "github", "communication", "scaling"]

EVERY_FACE: Final[frozenset[Face]] = frozenset({"cli", "rest", "mcp"})


NUMBER_MAX: Final = 2**63 - 1
TEXT_CHARS_MAX: Final = 20_000
"""Of any text that is not a document."""
_KEPT: Final = re.compile(f"[^\0\ud800-\udfff]{{0,{TEXT_CHARS_MAX}}}")
"""What every database keeps: no NUL, and no half of a sign."""


def _texts(value: object) -> list[str]:
    parts = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
    return [one for one in parts if isinstance(one, str)]


class Input(BaseModel):
    """What an operation is asked, each field with the words for it below; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True)

    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: object, field: ValidationInfo) -> object:
        """No database takes a longer number, nor every text; of a document `operations.document` says what is wrong."""
        if isinstance(value, int) and not -NUMBER_MAX <= value <= NUMBER_MAX:
            raise ValueError(f"the number is beyond {NUMBER_MAX:,}")
        if field.field_name != "document" and not all(map(_KEPT.fullmatch, _texts(value))):
            raise ValueError(f"a text has up to {TEXT_CHARS_MAX:,} signs, none of them a NUL or half of one")
        return value


class Nothing(Input):
    """Nothing is needed."""


class Listing(Input):
    """What is asked of a list."""

    limit: int = Field(default=100, ge=1, le=1000)
    """How many to show."""


class Change(Input):
    """What an operation is asked that changes what others see."""

    reason: str = Field(default="", max_length=1000)
    """Why, for the record."""


class Named(Input):
    """What the home's own user may have done in another's name."""

    by: str = Field(default="", max_length=100)
    """Another name for the record; only the home's own user may give one."""


class Signed(Named, Change):
    """A change in whosever name."""


class Output(BaseModel):
    """What an operation answers; its validator is built when it is needed, since no process needs all of them."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    @classmethod
    def of(cls, row: Sequence[Any], **more: Any) -> Self:
        """From a row of the store, whose columns are the fields in their order, and those that it lacks."""
        names = [name for name in cls.model_fields if name not in more]
        return cls(**dict(zip(names, row, strict=True)), **more)

    @classmethod
    def like(cls, found: object, **more: Any) -> Self:
        """From what has attributes of the fields' names, and those that it lacks."""
        names = [name for name in cls.model_fields if name not in more and hasattr(found, name)]
        return cls(**{name: getattr(found, name) for name in names}, **more)


Count = Callable[[Context, Any], Awaitable[Mapping[str, int]]]
"""How many of each kind, in the singular (`open job`), a call with this input would touch; raises `PodiumError`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb: its name on every face, its types, how safe it is, and who carries it."""

    name: str
    summary: str
    safety: Safety
    server: Server | None
    faces: frozenset[Face]
    input: type[Input]
    output: type[Output]
    call: Callable[[Context, Any], Awaitable[Any]]
    example: str
    scope: Scope
    """What a caller's credential must open."""
    agents: bool
    """Whether an agent at work may call it about its own attempt; the operation itself sees to that."""
    idempotent: bool
    """Whether a second call with the same input changes nothing more."""
    ends: str
    """Of a destructive operation: what happens to the first kind that it touches, `Cancel`; else empty."""
    touches: Count | None
    """Of the same: what every face that asks first tells before it is confirmed."""


POSITIONAL: Final[JsonDict] = {"positional": True}
"""Marks a field that the command line takes by position."""

COMPLAINTS_MAX: Final = 5
"""Of what is wrong with one input, told one by one; the rest is counted."""

REGISTRY: Final[dict[str, Operation]] = {}


class Described(BaseModel):
    """What `catalogue.toml` tells of an operation, in its words."""

    model_config = ConfigDict(extra="forbid")

    safety: Literal["read", "write"] = "read"
    ends: str = ""
    server: Server | None = None
    scope: Scope | None = None
    faces: frozenset[Face] = EVERY_FACE
    agents: bool = False
    idempotent: bool = False
    example: str = ""
    summary: str = ""
    steers: str = ""
    action: str = ""
    verdict: str = ""


TABLE: Final = {name: Described(**told) for name, told in beside(__file__, "catalogue.toml").items()}

T = TypeVar("T")
In = TypeVar("In", bound=Input)
Out = TypeVar("Out", bound=Output)
Call = Callable[[Context, In], Awaitable[T]]
"""An operation as it is called."""
Question = Callable[[Rows, Context, In], T]
"""What is only asked of the store."""


def operation(name: str, count: Count | None = None) -> Callable[[Call[In, Out]], Call[In, Out]]:
    """Register an async function `(context, input) -> output`; the first line of its docstring is its summary.

    `count` says what one that ends things would touch.
    """
    told = TABLE[name]

    def register(call: Call[In, Out]) -> Call[In, Out]:
        hints = get_type_hints(call)
        asked = next(hint for key, hint in hints.items() if key not in ("rows", "context", "return"))
        summary = (call.__doc__ or "").strip().splitlines()[0]
        if name in REGISTRY or (count is None) == bool(told.ends):
            raise ValueError(f"there are two operations {name!r}, or one that ends things and does not count them")
        safety: Safety = "destructive" if told.ends else told.safety
        scope = told.scope or (Scope.READ if safety == "read" else Scope.OPERATE)
        REGISTRY[name] = Operation(
            name, summary, safety, told.server, told.faces, asked, hints["return"], call,
            told.example or f"podium {name}", scope, told.agents, told.idempotent or safety == "read",
            told.ends, count,
        )  # fmt: skip
        return call

    return register


def family(aspect: str, count: Count) -> Callable[[Callable[[str, Described], Any]], object]:
    """Register one operation for every row of the table that has this aspect: what the function below makes of it."""

    def register(make: Callable[[str, Described], Any]) -> None:
        for name, told in TABLE.items():
            if getattr(told, aspect):
                call = make(name, told)
                call.__doc__ = told.summary
                operation(name, count if told.ends else None)(call)

    return register


def question(name: str, *, seeing: bool = False) -> Callable[[Question[In, Out]], Call[In, Out]]:
    """Register `(rows, context, input) -> output`: an operation that only asks the store, on whichever thread."""
    return lambda ask: operation(name)(of_store(ask, seeing=seeing))


def of_store(ask: Question[In, T], *, seeing: bool = False) -> Call[In, T]:
    """`(rows, context, input)` asked of one committed state; `seeing` takes with it what the orchestrator sees now."""

    @wraps(ask)
    async def call(context: Context, asked: In) -> T:
        if seeing:  # here, on the loop's thread: the signs are the loop's own
            seen = context.vitals()
            context = replace(context, vitals=lambda: seen)
        return await context.store.read(lambda rows: ask(rows, context, asked))

    return call


def argument(**more: Any) -> Any:
    """A field that the command line takes by position."""
    return Field(json_schema_extra=POSITIONAL, **more)


def option(default: Any, **more: Any) -> Any:
    """A field that the command line takes as a flag, where there is more to it than its default."""
    return Field(default, **more)


def complaints(error: ValidationError) -> list[tuple[list[int | str], str]]:
    """Each thing that is wrong with an input: where it is, and why."""
    found: list[tuple[list[int | str], str]] = []
    for wrong in error.errors(include_url=False, include_input=False):
        place: list[int | str] = [*wrong["loc"], *wrong.get("ctx", {}).get("place", ())]
        why = "there is no such field" if wrong["type"] == "extra_forbidden" else wrong["msg"]
        found.append((place, why.removeprefix("Value error, ")))
    return found


def explain(error: ValidationError) -> str:
    """What is wrong with an input, in words."""
    found = [": ".join(filter(None, (".".join(map(str, place)), why))) for place, why in complaints(error)]
    more = f"; and {len(found) - COMPLAINTS_MAX:,} more" if len(found) > COMPLAINTS_MAX else ""
    return f"{'; '.join(found[:COMPLAINTS_MAX]).removesuffix('.')}{more}."


def understood(operation: Operation, asked: Mapping[str, Any] | bytes) -> Any:
    """The operation's input from fields, or from JSON that is of exactly the described types; raises `UsageError`."""
    try:
        if isinstance(asked, bytes):
            return operation.input.model_validate_json(asked or b"{}", strict=True)
        return operation.input.model_validate(asked)
    except ValidationError as error:
        raise UsageError(explain(error)) from None
