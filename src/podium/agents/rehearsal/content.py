"""Content from the code as it is: a brief of plain facts, documentation, marketing, and posts that fit their channel.

A further run adds a page for each audience that says what this version is about. At the end comes the editor's pass:
every piece is there, none is too long, and an index leads to them. `content.toml` has the pieces and the steps.
"""

from collections.abc import Iterator
from typing import Any

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.facts import Facts, facts_of, story_of
from podium.agents.rehearsal.features import KINDS, tables
from podium.agents.rehearsal.protocol import Assignment, JsonObject, Result
from podium.agents.rehearsal.stage import Stage

POST_CHARS_MAX = 280
LINE_CHARS_MAX = 400
SLUG_CHARS_MAX = 60

_TABLE = tables("content.toml")
_PIECES = _TABLE["pieces"]


def analyze(assignment: Assignment, stage: Stage) -> Result:
    """Read the repository and deliver a brief of plain facts; nothing is changed."""
    facts = facts_of(assignment, stage)
    stage.progress(0.2, "reading the repository")
    plan = assignment.artifact("plan")
    project_type = assignment.project.type or (str(plan.data.get("type")) if plan else "cli")
    brief: JsonObject = {
        "title": facts.title,
        "summary": facts.summary,
        "package": facts.package,
        "audience": KINDS.get(project_type, KINDS["cli"])["audience"],
        "tests": facts.test_count,
        "features": [{"key": m.key, "title": m.title, "does": m.run_summary, "path": m.path} for m in facts.modules],
        "version": assignment.increment.version if assignment.increment else None,
        "rehearsal": True,
    }
    stage.messages.artifact("brief", "brief", f"Content brief: {facts.title}", brief)
    held = f"{prose.counted(len(facts.modules), 'feature')}, {prose.counted(facts.test_count, 'test')}"
    return Result("passed", f"The repository really holds {held}.", data={"features": len(facts.modules)})


def write(assignment: Assignment, stage: Stage) -> Result:
    """Write the pieces of the assigned step; every example in them has just been run, every post fits its channel."""
    facts, told = facts_of(assignment, stage), _TABLE["steps"][assignment.step]
    stage.progress(0.3, told["progress"])
    limits: dict[str, Any] = {"facts": facts, **_TABLE["limits"]}
    posts = [prose.one_line(post, POST_CHARS_MAX) for post in prose.rendered("posts.txt", **limits).splitlines()]
    for key, piece in _PIECES.items():
        if piece["step"] == assignment.step:
            text = prose.rendered(f"{key}.md", **{**limits, "posts": posts, **piece})
            data = _data(key, text) | ({"posts": posts, "chars_max": POST_CHARS_MAX} if key == "social" else {})
            stage.deliver(piece["kind"], key, piece["title"].format(title=facts.title), piece["path"], text, **data)
    if assignment.increment:
        _add_page(assignment.increment.version, assignment.increment.reason, facts, stage, assignment.step)
    counts = {"examples": prose.counted(len(facts.modules), "example"), "posts": prose.counted(len(posts), "post")}
    return stage.hand_in(tuple(told["change"]), told["summary"].format(**counts))


def _data(key: str, text: str) -> JsonObject:
    return {"channel": key, "words": len(prose.words(text)), "rehearsal": True}


def _add_page(version: str, reason: str, facts: Facts, stage: Stage, step: str) -> None:
    """Write the page of this step about the version; what is there of others stays."""
    version, slug = prose.one_line(version, SLUG_CHARS_MAX), prose.slug(version, SLUG_CHARS_MAX) or "release"
    kind, path, heading = _TABLE["steps"][step]["release"]
    title, reason = heading.format(title=facts.title, version=version), prose.one_line(reason, LINE_CHARS_MAX)
    text = prose.rendered("release.md", heading=title, reason=reason or "A new version.", facts=facts)
    data: JsonObject = {"version": version, **_data("release", text)}
    stage.deliver(kind, f"release-{slug}-{step}", title, path.format(slug=slug), text, **data)


def optimize(assignment: Assignment, stage: Stage) -> Result:
    """Read all pieces, tell what a person should see to, and add the index."""
    title, _ = story_of(assignment, stage.clone)
    stage.progress(0.5, "editing every piece")
    findings: list[str] = []
    present: list[str] = []
    for key, piece in _PIECES.items():
        text, limit = stage.clone.read(piece["path"]), piece.get("words_max")
        data = _data(key, text)
        if not text:
            findings.append(f"{piece['path']}: missing")
            continue
        if limit and len(prose.words(text)) > limit:
            findings.append(f"{piece['path']}: {data['words']} words are more than {limit}; a person should cut it")
        present.append(key)
        stage.messages.artifact(piece["kind"], key, piece["name"], data, piece["path"])
    index = prose.rendered("index.md", title=title, entries=_index(present, stage))
    stage.deliver("documentation", "index", f"{title}: all documents", "docs/README.md", index, rehearsal=True)
    report: JsonObject = {"findings": findings, "pieces": len(present)}
    stage.messages.artifact("report", "editing", "Editor's report", report)
    change = "Edit all pieces and add an index", "Editing by Podium's rehearsal agent."
    summary = f"Edited {prose.counted(len(present), 'piece')}; {prose.counted(len(findings), 'finding')}."
    return stage.hand_in(change, summary, findings=len(findings))


def _index(present: list[str], stage: Stage) -> Iterator[tuple[str, str]]:
    """Yield the name of each document and where it is, as seen from the index."""
    root = stage.clone.root
    yield from ((_PIECES[key]["name"], f"../{_PIECES[key]['path']}".replace("../docs/", "")) for key in present)
    if (root / "docs/performance.md").is_file():
        yield "Performance: what is measured", "performance.md"
    for page in sorted(root.glob("docs/releases/*.md")):
        yield f"Release notes: {page.stem}", f"releases/{page.name}"
    if issues := len(list(root.glob("docs/issues/*.md"))):
        yield f"Issues: {issues:,} of them, with their acceptance criteria", "issues/"


STEPS = {"analyze": analyze, **dict.fromkeys(_TABLE["steps"], write), "optimize": optimize}
