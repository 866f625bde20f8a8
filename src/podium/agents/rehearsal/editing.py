"""The editor's pass: links that lead somewhere, headings in order, lengths within limits, and an index."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.content import ANNOUNCEMENT_WORDS_MAX, LANDING_WORDS_MAX, POST_CHARS_MAX
from podium.agents.rehearsal.facts import story_of
from podium.agents.rehearsal.protocol import Assignment, JsonObject, Result
from podium.agents.rehearsal.stage import Stage

if TYPE_CHECKING:
    from markdown_it.token import Token

PIECES = {
    "docs/guide.md": ("documentation", "guide", "Guide: how to start, and a walk through the features"),
    "docs/reference.md": ("documentation", "reference", "Reference: every feature, its criteria and its example"),
    "content/landing.md": ("marketing", "landing", "Landing page"),
    "content/announcement.md": ("marketing", "announcement", "Announcement"),
    "content/social.md": ("marketing", "social", "Posts"),
}
INDEX_PATH = "docs/README.md"
WORDS_MAX = {"content/landing.md": LANDING_WORDS_MAX, "content/announcement.md": ANNOUNCEMENT_WORDS_MAX}
FINDINGS_MAX = 200


def optimize(assignment: Assignment, stage: Stage) -> Result:
    """Edit all pieces as one, tell what was mended, and add the index."""
    title, _ = story_of(assignment, stage.clone)
    findings: list[str] = []
    present: list[str] = []
    for number, path in enumerate(PIECES, start=1):
        text = stage.clone.read(path)
        stage.progress(number / (len(PIECES) + 1), f"editing {path}")
        if not text:
            findings.append(f"{path}: missing")
            continue
        present.append(path)
        edited, mended = edit(path, text, stage)
        findings += mended
        if edited != text:
            stage.write(path, edited)
        _deliver(stage, path, edited, mended)
    index = prose.rendered("index.md", title=title, entries=_index(present, stage))
    stage.deliver("documentation", "index", f"{title}: all documents", INDEX_PATH, index, rehearsal=True)
    report: JsonObject = {"findings": list(findings[:FINDINGS_MAX]), "pieces": len(present)}
    stage.messages.artifact("report", "editing", "Editor's report", report)
    change = "Edit all pieces and add an index", "Editing by Podium's rehearsal agent."
    summary = f"Edited {prose.counted(len(present), 'piece')}; {prose.counted(len(findings), 'finding')}."
    return stage.hand_in(change, summary, findings=len(findings))


def edit(path: str, text: str, stage: Stage) -> tuple[str, list[str]]:
    """Return the text mended and a line for each thing that was wrong with it."""
    findings: list[str] = []
    for target in _dead_links(path, text, stage):
        text = re.sub(r"\[([^\]]*)\]\(" + re.escape(target) + r"\)", r"\1", text)
        findings.append(f"{path}: the link to {target} led nowhere; its words stay")
    text, mended = _order_headings(text)
    findings += [f"{path}: {finding}" for finding in mended]
    if path == "content/social.md":
        text, mended = _shorten_posts(text)
        findings += [f"{path}: {finding}" for finding in mended]
    count, limit = len(prose.words(text)), WORDS_MAX.get(path)
    if limit is not None and count > limit:
        findings.append(f"{path}: {count} words are more than {limit}; a person should cut it")
    return text.rstrip() + "\n", findings


def _deliver(stage: Stage, path: str, text: str, mended: list[str]) -> None:
    kind, key, title = PIECES[path]
    data: JsonObject = {"words": len(prose.words(text)), "mended": len(mended), "rehearsal": True}
    if kind == "marketing":
        data["channel"] = key
    stage.messages.artifact(kind, key, title, data, path)


def _parse(text: str) -> "list[Token]":
    # No other step should pay for loading the parser.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table").parse(text)


def _dead_links(path: str, text: str, stage: Stage) -> Iterator[str]:
    """Yield relative link targets that are no file of the repository."""
    folder = (stage.clone.root / path).parent
    inline = (child for token in _parse(text) for child in token.children or ())
    targets = {str(token.attrs.get("href", "")) for token in inline if token.type == "link_open"}
    for target in sorted(targets):
        file = target.partition("#")[0]
        if file and "://" not in target and not target.startswith("mailto:") and not (folder / file).exists():
            yield target


def _order_headings(text: str) -> tuple[str, list[str]]:
    """Leave one heading of the first level, and no level skipped below it."""
    lines, findings, level = text.split("\n"), list[str](), 0
    for token in _parse(text):
        if token.type != "heading_open" or token.map is None or not token.markup.startswith("#"):
            continue
        written = int(token.tag[1:])
        wanted = 1 if level == 0 else min(max(written, 2), level + 1)
        level = wanted
        if wanted != written:
            at = token.map[0]
            findings.append(f"heading on line {at + 1} moved from level {written} to {wanted}")
            lines[at] = "#" * wanted + lines[at].lstrip().lstrip("#")
    return "\n".join(lines), findings


def _shorten_posts(text: str) -> tuple[str, list[str]]:
    """Cut the posts, each the text below a second-level heading, to what their channel takes."""
    head, *posts = text.split("\n## ")
    findings: list[str] = []
    for index, post in enumerate(posts):
        heading, _, body = post.partition("\n")
        # Escapes are Markdown's, not the channel's, so they do not count.
        if len(re.sub(r"\\(.)", r"\1", body.strip())) > POST_CHARS_MAX:
            posts[index] = f"{heading}\n\n{prose.one_line(body, POST_CHARS_MAX)}\n"
            findings.append(f"{heading} was longer than {POST_CHARS_MAX} characters; it was cut")
    return "\n## ".join([head, *posts]), findings


def _index(present: list[str], stage: Stage) -> Iterator[tuple[str, str]]:
    """Yield the name of each document and where it is, as seen from the index."""
    root = stage.clone.root
    for path in present:
        yield PIECES[path][2], path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}"
    if (root / "docs/performance.md").is_file():
        yield "Performance: what is measured", "performance.md"
    for page in sorted(root.glob("docs/releases/*.md")):
        yield f"Release notes: {page.stem}", f"releases/{page.name}"
    if issues := len(list(root.glob("docs/issues/*.md"))):
        yield f"Issues: {issues:,} of them, with their acceptance criteria", "issues/"
