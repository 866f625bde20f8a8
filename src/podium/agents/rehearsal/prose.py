"""Untrusted text made fit for one purpose each: a line, a file name, a module, Markdown, source, a template."""

import json
import keyword
import re
import shlex
import string
import sys
import textwrap
import unicodedata
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from podium.domain.project import cut, slug

SOURCE_WIDTH = 100
KEY_CHARS_MAX = 60
PACKAGE_CHARS_MAX = 40

_TEMPLATES = Path(__file__).parent / "templates"
_NOTICE = (_TEMPLATES / "notice.txt").read_text("utf-8").strip()
_NUMBER_DIGITS_MIN = 3
# Tests live beside the package on the same path, so their names are taken.
_TAKEN_PACKAGES = frozenset({"tests", "test", "src", "docs", "podium"})

# These reorder what a reader sees, so that source code could say one thing and do another.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Cc", "Cs"})
# The second half matters at the start of a line only, where it would begin a heading, a list or a fence.
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>|]|^[-+#=~])")


def one_line(text: str, chars_max: int) -> str:
    """Return the text as one clean line of at most `chars_max` characters, cut between words if it can be."""
    seen = (c for c in " ".join(text.split()) if unicodedata.category(c) not in _UNSEEN and c not in _BIDI_CONTROLS)
    return cut("".join(seen).strip(), chars_max)


def words(text: str) -> list[str]:
    """Return the words of the text, lower case, in any script."""
    return re.findall(r"\w+", text.lower())


def markdown(text: str) -> str:
    """Escape what Markdown would take as markup, raw HTML above all."""
    return _MARKDOWN_SPECIAL.sub(r"\\\1", text)


def fenced(text: str, language: str) -> str:
    """Return a Markdown code block with a fence that nothing in the text can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def quoted(text: str) -> str:
    """Return a double-quoted literal that Python, TOML and YAML all read as this text."""
    # JSON leaves DEL and the line separators U+0085, U+2028 and U+2029 bare, which TOML or YAML would refuse.
    literal = json.dumps(text, ensure_ascii=False)
    return re.sub("[\x7f\x85\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", literal)


def docstring_lines(text: str) -> str:
    """Wrap the text for a triple-quoted docstring, so that no quote or backslash can end it early."""
    wrapped = textwrap.fill(text, SOURCE_WIDTH, break_long_words=False, break_on_hyphens=False)
    return wrapped.replace("\\", "\\\\").replace('"', '\\"')


def counted(number: int, noun: str) -> str:
    """Return the number with its noun in the right form: `1 feature`, `2 features`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def feature_key(number: int, title: str, last_number: int) -> str:
    """Return a key such as `003-greet-by-name`; the number makes it unique in whatever script."""
    digits = max(_NUMBER_DIGITS_MIN, len(str(last_number)))
    prefix = f"{number:0{digits}d}-"
    return prefix + slug(title, "feature", KEY_CHARS_MAX - len(prefix))


def feature_number(key: str) -> int | None:
    """Return the number that a key begins with."""
    found = re.match(r"[0-9]+", key)
    return int(found[0]) if found else None


def _identifier(key: str) -> str:
    # A key of some other agent's making may have no Latin letter at all; the checksum still names it.
    return re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_") or f"{zlib.crc32(key.encode()):08x}"


def feature_module(key: str) -> str:
    """Return the module that implements the feature, such as `f003_greet_by_name`."""
    identifier = _identifier(key)
    return f"f{identifier}" if identifier[0].isdigit() else f"f_{identifier}"


def test_module(key: str) -> str:
    """Return the module that tests the feature, such as `test_003_greet_by_name`."""
    return f"test_{_identifier(key)}"


def package_name(title: str) -> str:
    """Return an importable package name that shadows nothing of Python's own."""
    name = slug(title, "project", PACKAGE_CHARS_MAX).replace("-", "_")
    if name[0].isdigit():
        name = f"project_{name}"
    shadows = name in sys.stdlib_module_names or name in _TAKEN_PACKAGES
    return f"{name}_app" if shadows or keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


_FITTED: dict[str, Callable[[Any], str]] = {
    "m": markdown,
    "q": quoted,
    "d": docstring_lines,
    "l": lambda texts: ", ".join(map(quoted, texts)),
    "c": lambda texts: "\n".join(f"- [ ] {markdown(text)}" for text in texts),
    "t": lambda rows: "\n".join(f"    {_literal(row)}," for row in rows),
}
"""What a place in a text template may ask for: Markdown, a literal, a docstring, a list, a checklist, a tuple."""


def _literal(row: str | Sequence[str]) -> str:
    return quoted(row) if isinstance(row, str) else f"({', '.join(map(quoted, row))})"


class _Template(string.Formatter):
    """Python's format strings, with the conversions of `_FITTED`: `{feature.title!m}`."""

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        return _FITTED[conversion](value) if conversion else value


def filled(name: str, /, **words: object) -> str:
    """Return the template `templates/<name>.txt` with its places filled; `notice` is known everywhere."""
    text = (_TEMPLATES / f"{name}.txt").read_text("utf-8")
    return _Template().format(text, notice=_NOTICE, **words)


def rendered(name: str, folder: Path = _TEMPLATES, /, **words: object) -> str:
    """Return the Jinja template `<name>.jinja` of a folder with its places filled; in HTML, words are escaped."""
    # Importing Jinja takes a tenth of a second, which no step of an issue should pay.
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=jinja2.select_autoescape(["html.jinja"]),
        trim_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    filters = cast("dict[str, Any]", templates.filters)
    filters |= {"md": markdown, "line": one_line, "counted": counted, "fenced": fenced, "quoted": quoted}
    filters |= {"shell": shlex.quote}
    return templates.get_template(f"{name}.jinja").render(notice=_NOTICE, **words)
