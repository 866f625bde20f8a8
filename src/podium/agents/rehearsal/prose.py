"""Untrusted text made fit for one purpose each: a line, a file name, Markdown, source code, a post."""

import json
import re
import textwrap
import unicodedata

REHEARSAL_NOTICE = (
    "*A rehearsal: Podium's built-in rehearsal agent wrote this offline, from boilerplate. "
    "The actions are real; the wit is not.*"
)
SOURCE_WIDTH = 100

# These reorder what a reader sees, so that source code could say one thing and do another.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# The second half matters at the start of a line only, where it would begin a heading, a list or a fence.
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>|]|^[-+#=~])")


def _is_readable(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in _BIDI_CONTROLS


def one_line(text: str, chars_max: int) -> str:
    """Return the text as one clean line of at most `chars_max` characters, cut between words if it can be."""
    spaced = " ".join(text.split())
    line = "".join(character for character in spaced if _is_readable(character)).strip()
    if len(line) <= chars_max:
        return line
    cut = line[: chars_max - 1]
    at_word = cut.rsplit(" ", 1)[0]
    # A script without spaces has no word boundary to cut at.
    return (at_word if len(at_word) > chars_max // 2 else cut).rstrip(" ,;:.") + "…"


def slug(text: str, chars_max: int) -> str:
    """Return an ASCII slug that is safe as a file name, or an empty string when no Latin letter survives."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    joined = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")
    if len(joined) <= chars_max:
        return joined
    cut = joined[:chars_max]
    return (cut if joined[chars_max] == "-" else cut.rsplit("-", 1)[0]).strip("-")


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
