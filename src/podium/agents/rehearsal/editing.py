"""The editor's pass: every piece is there, none is too long, and an index leads to them."""

from collections.abc import Iterator

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.content import ANNOUNCEMENT_WORDS_MAX, LANDING_WORDS_MAX
from podium.agents.rehearsal.facts import story_of
from podium.agents.rehearsal.protocol import Assignment, JsonObject, Result
from podium.agents.rehearsal.stage import Stage

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
    """Read all pieces, tell what a person should see to, and add the index."""
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
        count, limit = len(prose.words(text)), WORDS_MAX.get(path)
        if limit is not None and count > limit:
            findings.append(f"{path}: {count} words are more than {limit}; a person should cut it")
        kind, key, name = PIECES[path]
        data: JsonObject = {"words": count, "rehearsal": True}
        if kind == "marketing":
            data["channel"] = key
        stage.messages.artifact(kind, key, name, data, path)
    index = prose.rendered("index.md", title=title, entries=_index(present, stage))
    stage.deliver("documentation", "index", f"{title}: all documents", INDEX_PATH, index, rehearsal=True)
    report: JsonObject = {"findings": list(findings[:FINDINGS_MAX]), "pieces": len(present)}
    stage.messages.artifact("report", "editing", "Editor's report", report)
    change = "Edit all pieces and add an index", "Editing by Podium's rehearsal agent."
    summary = f"Edited {prose.counted(len(present), 'piece')}; {prose.counted(len(findings), 'finding')}."
    return stage.hand_in(change, summary, findings=len(findings))


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
