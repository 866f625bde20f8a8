"""Turns a requirement document into a plan, by rules simple enough to write down.

The document is read as an outline: sections, paragraphs, list items with what is nested in them. Markdown is parsed
into a real syntax tree, so code blocks, quotes and HTML never look like requirements.

**Title**: the first top-level heading; else the project's own title; else the first line. **Brief**: the
first paragraph. **Features**, the first of these that gives any: list items under a heading that names
features, user stories, requirements, functionality, capabilities or scope (or that heading's sub-headings,
when it has no list); all list items; headings of level two and three; in a note, which has no headings, the
lines after the first. Headings that say out of scope,
non-functional, non-goals and the like never count. **Type**: the kind whose keywords occur most often, in
the title above all. **Complexity**: small up to 5 features and 600 words, large above 15 features or 3,000
words, otherwise medium. Type and complexity that Podium gives are kept.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.features import DETAIL_CHARS_MAX, KINDS, TITLE_CHARS_MAX, Feature, Plan, cleaned
from podium.agents.rehearsal.protocol import StepFailed, Told
from podium.domain import issues
from podium.tables import beside

ITEM = 7
SIZES = (("small", 5, 600), ("medium", 15, 3_000))
"""Up to how many features and words a document is of that complexity; beyond all of them it is large."""
SHORT_TITLE_CHARS_MAX = 80

DEFAULT_TYPE = "cli"
TITLE_WEIGHT = 5

_WORDS = {name: re.compile(row["regex"], re.IGNORECASE | re.VERBOSE) for name, row in beside(__file__).items()}
_OUTLINE = frozenset({"heading_open", "paragraph_open", "bullet_list_open", "ordered_list_open", "list_item_open"})
_TITLE_BREAK = re.compile(r"\s*(?::\s|\s[–—-]\s)")


@dataclass(slots=True)
class Point:
    """A heading or a list item, with its own paragraphs, of which the heading is the first.

    `lead` are the bold words that begin an item, its author's own short title; `nested` the items inside it.
    """

    level: int
    """Of a heading 1 to 6, of an item `ITEM`; 0 is what comes before all of them."""
    texts: list[str]
    lead: str = ""
    nested: list[str] = field(default_factory=list[str])


def outline(text: str) -> list[Point]:
    """Return the document's headings and items in order; the first stands for what is before any of them."""
    # CommonMark would read `title: x` above `---`, in front matter, as a heading.
    document = re.sub(r"\A---\n(?:.*?\n)?---\n", "", text, flags=re.DOTALL)
    section = Point(0, [""])
    points, around = [section], list[Token]()
    for token in MarkdownIt("commonmark").enable("table").parse(document):
        kinds = [block.type for block in around]
        depth, is_plain = kinds.count("list_item_open"), _OUTLINE.issuperset(kinds)
        if token.nesting:
            around = [*around, token] if token.nesting > 0 else around[:-1]
            if token.type == "list_item_open" and depth == 0 and is_plain:
                points.append(Point(ITEM, []))
        elif token.type == "inline" and is_plain:
            said, is_heading = token.children or [], around[-1].type == "heading_open"
            if depth == 0 and is_heading:
                points.append(section := Point(int(around[-1].tag[1:]), [_plain(said)]))
            elif depth == 0:
                section.texts.append(_plain(said))
            elif depth == 1:
                points[-1].lead = points[-1].lead if points[-1].texts else _lead(said)
                points[-1].texts.append(_without_checkbox(_plain(said)))
            elif not is_heading:
                points[-1].nested.append(_without_checkbox(_plain(said)))
    return points


def _without_checkbox(text: str) -> str:
    return text[4:] if text[:4].lower() in {"[ ] ", "[x] "} else text


def _plain(said: Sequence[Token]) -> str:
    """The words without markup and without raw HTML."""
    words = (token for token in said if token.type != "html_inline")
    return "".join(" " if token.type in {"softbreak", "hardbreak"} else token.content for token in words)


def _lead(said: Sequence[Token]) -> str:
    """Return the bold words at the very start, after a checkbox if there is one."""
    kinds = [token.type for token in said]
    if "strong_open" not in kinds or _without_checkbox(_plain(said[: kinds.index("strong_open")])).strip():
        return ""
    return _plain(said[kinds.index("strong_open") : kinds.index("strong_close")]).strip().rstrip(":.")


def make_plan(text: str, project: Told, first_number: int, package: str | None) -> Plan:
    """Plan the project; keys are numbered from `first_number`, and an existing `package` is kept."""
    points, lines = outline(text), [line.strip() for line in text.splitlines() if line.strip()]
    found = _feature_points(points)
    if not found and all(point.level in (0, ITEM) for point in points):  # a note: its first line is its title
        found = [Point(ITEM, [line]) for line in lines[1:] if prose.words(line)]
    features = _features(found, first_number)
    if trouble := issues.problem([(each.key, {"depends_on": each.depends_on}) for each in features]):
        raise StepFailed(trouble)
    heading = next((point.texts[0] for point in points if point.level == 1), "")
    first_line = lines[0].lstrip("#-*> ") if lines else ""
    titles = (prose.one_line(line, TITLE_CHARS_MAX) for line in (heading, project.text("title"), first_line))
    title = next(filter(None, titles), "Project")
    paragraphs = (paragraph for point in points if point.level < ITEM for paragraph in point.texts[1:])
    vocabulary = prose.words(text)
    return Plan(
        title=title, features=features, package=package or prose.package_name(title),
        summary=prose.one_line(project.text("brief") or next(paragraphs, ""), DETAIL_CHARS_MAX),
        type=project.text("type") or _type(prose.words(title), vocabulary),
        complexity=project.text("complexity") or _complexity(len(found), len(vocabulary)),
    )  # fmt: skip


def _feature_points(points: list[Point]) -> list[Point]:
    """The points that are features: of those below headings that name some, else of those that could be."""
    named, others = list[Point](), list[Point]()
    inside, is_closed = 0, False
    for point in points:
        if point.level < ITEM:
            inside = 0 if point.level <= inside else inside
            is_closed = bool(_WORDS["names_no_features"].search(point.texts[0]))
            # The document's own title often says "requirements"; that makes no heading below it a feature.
            if not inside and not is_closed and point.level > 1 and _WORDS["names_features"].search(point.texts[0]):
                inside = point.level
        if not is_closed:
            others.append(point)
            named += [point] if inside else []
    found = (
        [point for point in named if point.level == ITEM]
        or [point for point in named if not _WORDS["names_features"].search(point.texts[0])]
        or [point for point in others if point.level == ITEM]
        or [point for point in others if point.level in {2, 3}]
    )
    return [point for point in found if point.texts and point.texts[0].strip()]


def _features(points: list[Point], first_number: int) -> tuple[Feature, ...]:
    last_number = first_number + len(points) - 1
    split = [_split(point) for point in points]
    keys = [prose.feature_key(number, title, last_number) for number, (title, _) in enumerate(split, first_number)]
    named = [_dependencies(point.texts[0], keys) for point in points]
    return tuple(
        cleaned(Told(title=title, detail=detail, depends_on=[o for o in others if o != key], acceptance=nested), key)
        for key, (title, detail), others, nested in zip(keys, split, named, (p.nested for p in points), strict=True)
    )


def _split(point: Point) -> tuple[str, str]:
    """Return a short title and the detail: a list item often says both in one sentence."""
    text = " ".join(_WORDS["depends"].sub(" ", point.texts[0]).split())
    story = _WORDS["user_story"].match(text)
    lead = point.lead if point.level == ITEM else point.texts[0]
    if lead:
        title, rest = lead, text.removeprefix(lead).lstrip(" :.–—-")
    elif story:
        title, rest = story[1], text
    else:
        title, *tail = _TITLE_BREAK.split(text, maxsplit=1)
        if not tail or not 0 < len(title) <= SHORT_TITLE_CHARS_MAX:
            title, tail = text, [text] if len(text) > TITLE_CHARS_MAX else [""]
        rest = tail[0]
    detail = " ".join((rest, *point.texts[1:]))
    return prose.one_line(_capital(title.rstrip(" .;,")), TITLE_CHARS_MAX), _capital(detail.strip())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _dependencies(text: str, keys: list[str]) -> list[str]:
    """Return the keys of `(depends on 2)` or `after #1`: numbers count the document's features from one."""
    found = [match[0] for match in _WORDS["depends"].finditer(text)]
    meant = [said for said in found if said.startswith("(")] or found  # what a title happens to say counts for less
    numbers = [int(number) for number in re.findall(r"\d{1,9}", " ".join(meant))]
    return [keys[number - 1] for number in numbers if 1 <= number <= len(keys)]


def _type(title_words: list[str], vocabulary: list[str]) -> str:
    seen = Counter(vocabulary + title_words * TITLE_WEIGHT)
    scores = {name: sum(seen[word] for word in kind["keywords"]) for name, kind in KINDS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else DEFAULT_TYPE


def _complexity(features: int, words: int) -> str:
    return next((name for name, most, words_max in SIZES if features <= most and words <= words_max), "large")
