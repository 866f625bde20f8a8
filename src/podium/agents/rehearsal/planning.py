"""Turns a document's outline into a plan, by rules simple enough to write down.

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
from collections.abc import Iterable

from podium.agents.rehearsal import naming, prose
from podium.agents.rehearsal.document import Entry, Section
from podium.agents.rehearsal.plan import DETAIL_CHARS_MAX, TITLE_CHARS_MAX, Feature, Plan, feature
from podium.agents.rehearsal.protocol import Project, StepFailed
from podium.domain import issues

FEATURES_MAX = 5_000
SMALL_FEATURES_MAX, SMALL_WORDS_MAX = 5, 600
MEDIUM_FEATURES_MAX, MEDIUM_WORDS_MAX = 15, 3_000
SHORT_TITLE_CHARS_MAX = 80

TYPE_KEYWORDS = {
    "cli": ("cli", "command", "commands", "terminal", "shell", "console"),
    "web": ("web", "website", "page", "pages", "browser", "dashboard", "html", "frontend", "responsive"),
    "api": ("api", "rest", "endpoint", "endpoints", "http", "webhook", "client", "clients", "openapi"),
    "data": ("data", "csv", "dataset", "datasets", "etl", "import", "export", "records", "columns"),
    "library": ("library", "module", "package", "sdk", "importable", "functions"),
}
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


def make_plan(sections: list[Section], text: str, project: Project, first_number: int, package: str | None) -> Plan:
    """Plan the project; keys are numbered from `first_number`, and an existing `package` is kept."""
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
        package=package or naming.package_name(title),
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
        naming.feature_key(number, title, last_number) for number, (title, _) in enumerate(titles, start=first_number)
    ]
    wanted = [_dependencies(entry.text, keys) for entry in entries]
    _refuse_circles(dict(zip(keys, wanted, strict=True)))
    return tuple(
        feature(
            key,
            title,
            {
                "detail": detail,
                "acceptance": list(entry.nested),
                "depends_on": [other for other in depends_on if other != key],
            },
        )
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
    scores = {name: sum(seen[word] for word in keywords) for name, keywords in TYPE_KEYWORDS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else DEFAULT_TYPE


def _complexity(features: int, word_count: int) -> str:
    if features <= SMALL_FEATURES_MAX and word_count <= SMALL_WORDS_MAX:
        return "small"
    if features <= MEDIUM_FEATURES_MAX and word_count <= MEDIUM_WORDS_MAX:
        return "medium"
    return "large"
