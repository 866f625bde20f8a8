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

import graphlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.features import DETAIL_CHARS_MAX, KINDS, TITLE_CHARS_MAX, Feature, Plan, cleaned
from podium.agents.rehearsal.protocol import Project, StepFailed
from podium.domain import issues

FEATURES_MAX = 5_000
SMALL_FEATURES_MAX, SMALL_WORDS_MAX = 5, 600
MEDIUM_FEATURES_MAX, MEDIUM_WORDS_MAX = 15, 3_000
SHORT_TITLE_CHARS_MAX = 80

DEFAULT_TYPE = "cli"
TITLE_WEIGHT = 5

_NAMES_FEATURES = re.compile(
    r"\b(features?|requirements?|user stor(?:y|ies)|functionality|capabilit(?:y|ies)|scope|must[- ]haves?"
    r"|what (?:it|we) (?:does|do|need|needs)|what it (?:should|must) do|use cases?|tasks?|to-?do)\b",
    re.IGNORECASE,
)
# Words such as "notes" also name features, so most of these count only as a whole heading.
_NAMES_NO_FEATURES = re.compile(
    r"\b(?:out of scope|not in scope|non-?functional|non-?goals?)\b"
    r"|^(?:background|introduction|overview|motivation|about|about this .*|context|glossary|assumptions?"
    r"|constraints?|references?|notes?|audience|licen[cs]e)$",
    re.IGNORECASE,
)
# "After 5 minutes" is no dependency, so that form needs the number sign; nor is "depends on 3 sources".
_DEPENDS = re.compile(
    r"\(?\b(?:depends on\s+(?:#?\d+(?:\s*(?:,|and)\s*)?)+|after\s+(?:#\d+(?:\s*(?:,|and)\s*)?)+)(?!\s*\w)\)?",
    re.IGNORECASE,
)
_USER_STORY = re.compile(r"^as an? .+?,? i (?:want|need|would like)(?: to)? (.+?)(?:,? so that .+)?$", re.IGNORECASE)
_TITLE_BREAK = re.compile(r"\s*(?::\s|\s[–—-]\s)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One list item: its own first paragraph, the paragraphs after it, and the items nested in it."""

    text: str
    lead: str
    """The bold words that begin the text, if any: the author's own short title."""
    paragraphs: tuple[str, ...]
    nested: tuple[str, ...]


@dataclass(slots=True)
class Section:
    """A heading and what follows it, up to the next one; level 0 is what comes before the first heading."""

    level: int
    heading: str
    paragraphs: list[str] = field(default_factory=list[str])
    entries: list[Entry] = field(default_factory=list[Entry])


def outline(text: str) -> list[Section]:
    """Return the document's sections in order; the first is always the one before any heading."""
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(_without_front_matter(text)))
    sections = [Section(0, "")]
    for block in tree.children:
        if block.type == "heading":
            sections.append(Section(int(block.tag[1:]), _text(block)))
        elif block.type == "paragraph":
            sections[-1].paragraphs.append(_text(block))
        elif block.type in {"bullet_list", "ordered_list"}:
            sections[-1].entries.extend(_entry(item) for item in block.children)
    return sections


def _without_front_matter(text: str) -> str:
    # CommonMark would read `title: x` above `---` as a heading.
    return re.sub(r"\A---\n(?:.*?\n)?---\n", "", text, flags=re.DOTALL)


def _entry(item: SyntaxTreeNode) -> Entry:
    paragraphs = [child for child in item.children if child.type in {"paragraph", "heading"}]
    lists = [child for child in item.children if child.type in {"bullet_list", "ordered_list"}]
    texts = [_text(paragraph) for paragraph in paragraphs]
    return Entry(
        text=_without_checkbox(texts[0]) if texts else "",
        lead=_lead(paragraphs[0]) if paragraphs else "",
        paragraphs=tuple(texts[1:]),
        nested=tuple(line for nested in lists for line in _nested_lines(nested.children)),
    )


def _nested_lines(items: Sequence[SyntaxTreeNode]) -> Iterator[str]:
    for item in items:
        for child in item.children:
            if child.type == "paragraph":
                yield _without_checkbox(_text(child))
            elif child.type in {"bullet_list", "ordered_list"}:
                yield from _nested_lines(child.children)


def _without_checkbox(text: str) -> str:
    return text[4:] if text[:4].lower() in {"[ ] ", "[x] "} else text


def _lead(paragraph: SyntaxTreeNode) -> str:
    """Return the bold words at the very start, after a checkbox if there is one."""
    for node in _inline(paragraph):
        if node.type == "strong":
            return _text(node).strip().rstrip(":.")
        if node.type != "text" or _without_checkbox(node.content).strip():
            return ""
    return ""


def _inline(block: SyntaxTreeNode) -> Sequence[SyntaxTreeNode]:
    return block.children[0].children if block.children and block.children[0].type == "inline" else ()


def _text(node: SyntaxTreeNode) -> str:
    """Return the plain words of a node, without markup and without raw HTML."""
    if node.type in {"text", "code_inline"}:
        return node.content
    if node.type in {"softbreak", "hardbreak"}:
        return " "
    return "".join(_text(child) for child in node.children)


def make_plan(text: str, project: Project, first_number: int, package: str | None) -> Plan:
    """Plan the project; keys are numbered from `first_number`, and an existing `package` is kept."""
    sections = outline(text)
    title = _title(sections, text, project)
    entries = _feature_entries(sections) or _note_entries(sections, text)
    if len(entries) > FEATURES_MAX:
        raise StepFailed(f"The document lists {len(entries):,} features; split it, {FEATURES_MAX:,} are the limit.")
    features = _features(entries, first_number)
    vocabulary = prose.words(text)
    return Plan(
        title=title,
        summary=_brief(sections, project),
        type=project.type or _type(prose.words(title), vocabulary),
        complexity=project.complexity or _complexity(len(features), len(vocabulary)),
        package=package or prose.package_name(title),
        features=features,
    )


def _title(sections: list[Section], text: str, project: Project) -> str:
    heading = next((section.heading for section in sections if section.level == 1), "")
    first_line = next(filter(str.strip, text.splitlines()), "")
    candidates = (heading, project.title, first_line.lstrip("#-*> "))
    return next(filter(None, (prose.one_line(line, TITLE_CHARS_MAX) for line in candidates)), "Project")


def _brief(sections: list[Section], project: Project) -> str:
    paragraphs = (paragraph for section in sections for paragraph in section.paragraphs)
    return prose.one_line(project.brief or next(paragraphs, ""), DETAIL_CHARS_MAX)


def _feature_entries(sections: list[Section]) -> list[Entry]:
    open_sections = [section for section in sections if not _NAMES_NO_FEATURES.search(section.heading)]
    named = list(_under_feature_headings(sections))
    found = (
        [entry for section in named for entry in section.entries]
        or [_as_entry(section) for section in named if not _NAMES_FEATURES.search(section.heading)]
        or [entry for section in open_sections for entry in section.entries]
        or [_as_entry(section) for section in open_sections if section.level in {2, 3}]
    )
    return [entry for entry in found if entry.text.strip()]


def _note_entries(sections: list[Section], text: str) -> list[Entry]:
    """The lines of a note after the first, which is its title; nothing of a document that has headings."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] if len(sections) == 1 else []
    return [Entry(line, "", (), ()) for line in lines[1:] if prose.words(line)]


def _under_feature_headings(sections: list[Section]) -> Iterable[Section]:
    """Yield the sections that name features, each with the deeper sections that belong to it."""
    inside: int | None = None
    for section in sections:
        if inside is not None and section.level <= inside:
            inside = None
        if _NAMES_NO_FEATURES.search(section.heading):
            continue
        # The document's own title often says "requirements"; that makes no heading below it a feature.
        if inside is None and section.level > 1 and _NAMES_FEATURES.search(section.heading):
            inside = section.level
        if inside is not None:
            yield section


def _as_entry(section: Section) -> Entry:
    return Entry(section.heading, section.heading, tuple(section.paragraphs), ())


def _features(entries: list[Entry], first_number: int) -> tuple[Feature, ...]:
    last_number = first_number + len(entries) - 1
    titles = [_split(entry) for entry in entries]
    keys = [
        prose.feature_key(number, title, last_number) for number, (title, _) in enumerate(titles, start=first_number)
    ]
    wanted = [_dependencies(entry.text, keys) for entry in entries]
    _refuse_circles(dict(zip(keys, wanted, strict=True)))
    return tuple(
        cleaned(Feature(key, title, detail, tuple(other for other in depends_on if other != key), entry.nested))
        for key, (title, detail), entry, depends_on in zip(keys, titles, entries, wanted, strict=True)
    )


def _split(entry: Entry) -> tuple[str, str]:
    """Return a short title and the detail: a list item often says both in one sentence."""
    text = " ".join(_DEPENDS.sub(" ", entry.text).split())
    story = _USER_STORY.match(text)
    if entry.lead:
        title, rest = entry.lead, text.removeprefix(entry.lead).lstrip(" :.–—-")
    elif story:
        title, rest = story[1], text
    else:
        head, *tail = _TITLE_BREAK.split(text, maxsplit=1)
        fits = tail and 0 < len(head) <= SHORT_TITLE_CHARS_MAX
        title, rest = (head, tail[0]) if fits else (text, text if len(text) > TITLE_CHARS_MAX else "")
    detail = " ".join((rest, *entry.paragraphs))
    return prose.one_line(_capital(title.rstrip(" .;,")), TITLE_CHARS_MAX), _capital(detail.strip())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _dependencies(text: str, keys: list[str]) -> list[str]:
    """Return the keys of `(depends on 2)` or `after #1`: numbers count the document's features from one."""
    found = [match[0] for match in _DEPENDS.finditer(text)]
    meant = [said for said in found if said.startswith("(")] or found  # what a title happens to say counts for less
    numbers = [int(number) for number in re.findall(r"\d{1,9}", " ".join(meant))]
    return [keys[number - 1] for number in numbers if 1 <= number <= len(keys)]


def _refuse_circles(depends_on: dict[str, list[str]]) -> None:
    try:
        graphlib.TopologicalSorter({key: set(others) - {key} for key, others in depends_on.items()}).prepare()
    except graphlib.CycleError as error:
        circle = " → ".join(issues.shortened([*reversed(list[str](error.args[1]))]))
        raise StepFailed(f"These features wait for each other, so none could begin: {circle}.") from error


def _type(title_words: list[str], vocabulary: list[str]) -> str:
    seen = Counter(vocabulary + title_words * TITLE_WEIGHT)
    scores = {name: sum(seen[word] for word in kind["keywords"]) for name, kind in KINDS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else DEFAULT_TYPE


def _complexity(features: int, word_count: int) -> str:
    if features <= SMALL_FEATURES_MAX and word_count <= SMALL_WORDS_MAX:
        return "small"
    if features <= MEDIUM_FEATURES_MAX and word_count <= MEDIUM_WORDS_MAX:
        return "medium"
    return "large"
