"""The small stock of things that a rehearsed feature can really do, each a pure function from text to text.

A feature's words choose its behaviour. The function's source is copied into the feature's module, and the
examples into its test, so every function stands alone: no imports, no shared code, one text in, one text
out. The examples are worked out by hand; the tests of this agent hold every function to them.
"""

import inspect
import tomllib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from podium.agents.rehearsal import prose

_ENDING_CHARS_MAX = 3
_TITLE_WEIGHT = 4


def greet(text: str) -> str:
    """Greet every name, one a line; with no name, greet the world."""
    names = [line.strip() for line in text.splitlines() if line.strip()] or ["world"]
    return "\n".join(f"Hello, {name}!" for name in names)


def farewell(text: str) -> str:
    """Say goodbye to every name, one a line; with no name, to everybody."""
    names = [line.strip() for line in text.splitlines() if line.strip()] or ["everybody"]
    return "\n".join(f"Goodbye, {name}, and come back soon." for name in names)


def number_lines(text: str) -> str:
    """Keep every line that says something, numbered from one in the order given."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def search(text: str) -> str:
    """Look for the first line among the others, whatever the case, and return the lines that hold it."""
    wanted, *lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    return "\n".join(line for line in lines if wanted.lower() in line.lower())


def sort_lines(text: str) -> str:
    """Sort the lines by their text, whatever the case."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(sorted(lines, key=str.lower))


def count(text: str) -> str:
    """Count the lines that say something, and their words."""
    lines = [line for line in text.splitlines() if line.strip()]
    return f"lines: {len(lines)}\nwords: {sum(len(line.split()) for line in lines)}"


def remove_repeats(text: str) -> str:
    """Keep the first of equal lines, and drop the empty ones."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(dict.fromkeys(lines))


def validate(text: str) -> str:
    """Check that every line is “name: value”, and say what each lacks."""
    verdicts: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        fault = "no name" if not name else "no colon" if not colon else "no value" if not value else ""
        verdicts.append(f"line {number}: {fault or 'fine'}")
    return "\n".join(verdicts)


def to_csv(text: str) -> str:
    """Turn “name: value” lines into a header and one row of comma-separated values."""
    pairs = [line.split(":", 1) for line in text.splitlines() if ":" in line]
    cells = [[cell.strip().replace('"', '""') for cell in pair] for pair in pairs]
    rows = [[f'"{cell}"' if "," in cell or '"' in cell else cell for cell in row] for row in zip(*cells, strict=True)]
    return "\n".join(",".join(row) for row in rows)


def from_csv(text: str) -> str:
    """Read a header and rows of plain comma-separated values into “name: value” lines, one block a row."""
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if line.strip()]
    header, records = (rows[0], rows[1:]) if rows else ([], [])
    blocks = ["\n".join(f"{name}: {value}" for name, value in zip(header, record, strict=False)) for record in records]
    return "\n\n".join(blocks)


def toggle(text: str) -> str:
    """Tick every open line and open every ticked one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(line[4:] if line.startswith("[x] ") else f"[x] {line}" for line in lines)


def group(text: str) -> str:
    """Gather “group: thing” lines by their group, in the order the groups first appear."""
    groups: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, colon, thing = (part.strip() for part in line.partition(":"))
        if colon:
            groups.setdefault(name, []).append(thing)
    return "\n".join(f"{name}: {', '.join(things)}" for name, things in groups.items())


def link(text: str) -> str:
    """Turn every line into the last part of a link: lower case, with hyphens."""
    lines = [line for line in text.splitlines() if line.strip()]
    plain = ["".join(c if c.isascii() and c.isalnum() else " " for c in line.lower()) for line in lines]
    return "\n".join("-".join(words.split()) for words in plain)


def join_names(text: str) -> str:
    """Read the lines out as one sentence would: with commas, and an “and” before the last."""
    names = [line.strip() for line in text.splitlines() if line.strip()]
    if len(names) < 2:
        return "".join(names) or "nothing yet"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def by_date(text: str) -> str:
    """Put lines that begin with a date like 2026-03-01 in order of time, and undated lines after them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    dated = [line for line in lines if line[:4].isdecimal() and line[4:5] == "-" and line[7:8] == "-"]
    return "\n".join(sorted(dated) + [line for line in lines if line not in dated])


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One function with the word stems that call for it and examples of what it must answer."""

    function: Callable[[str], str]
    stems: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The function's name; the built page keeps a twin in JavaScript under the same name."""
        return self.function.__name__

    def source(self) -> str:
        """Return the function's source under the name `run`."""
        return inspect.getsource(self.function).replace(f"def {self.name}(", "def run(", 1)


def _behaviours(*functions: Callable[[str], str]) -> tuple[Behaviour, ...]:
    told = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    rows = ((function, told[function.__name__]) for function in functions)
    return tuple(Behaviour(function, tuple(row["stems"]), tuple(map(tuple, row["examples"]))) for function, row in rows)


# `from_csv` before `to_csv`: “import from CSV” hints at both, and the first of equals is chosen.
BEHAVIOURS = _behaviours(
    greet, farewell, search, sort_lines, count, remove_repeats, validate, from_csv, to_csv, toggle, group, by_date,
    link, join_names, number_lines,
)  # fmt: skip


def behaviour_for(title: str, detail: str) -> Behaviour:
    """Choose by the words of the title, then of the detail; without any hint, by a checksum of the title."""
    title_words, detail_words = prose.words(title), prose.words(detail)
    scores = [
        _TITLE_WEIGHT * _hits(title_words, choice.stems) + _hits(detail_words, choice.stems) for choice in BEHAVIOURS
    ]
    if not any(scores):
        return BEHAVIOURS[zlib.crc32(title.encode()) % len(BEHAVIOURS)]
    return BEHAVIOURS[scores.index(max(scores))]


def _hits(words: list[str], stems: tuple[str, ...]) -> int:
    # A stem with a short ending ("sort", "sorted") is a hit; one that merely begins another word is not.
    return sum(
        any(word.startswith(stem) and len(word) - len(stem) <= _ENDING_CHARS_MAX for stem in stems) for word in words
    )
