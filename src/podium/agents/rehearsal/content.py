"""Content from the code as it is: a brief of plain facts, documentation, marketing, and posts that fit their channel.

A further run adds a page for each audience that says what this version is about. At the end comes the editor's pass:
every piece is there, none is too long, and an index leads to them. `content.toml` has the pieces and the steps.
"""

from typing import Any

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.features import KINDS, facts_of
from podium.agents.rehearsal.protocol import JsonObject, Result, Told
from podium.agents.rehearsal.stage import Stage
from podium.domain.project import slug
from podium.tables import beside

_TABLE = beside(__file__)
_PIECES, _LIMITS = _TABLE["pieces"], _TABLE["limits"]
_TOLD, _READ = ("key", "title", "does", "path"), ("key", "title", "run_summary", "path")
WRITING = tuple(_TABLE["steps"])


def analyze(assignment: Told, stage: Stage) -> Result:
    """Read the repository and deliver a brief of plain facts; nothing is changed."""
    facts = facts_of(assignment, stage)
    stage.progress(0.2, "reading the repository")
    kind = assignment.object("project").text("type") or assignment.artifact("plan").object("data").text("type")
    brief: JsonObject = {
        **{name: getattr(facts, name) for name in ("title", "summary", "package")},
        "audience": KINDS.get(kind, KINDS["cli"])["audience"],
        "tests": facts.test_count,
        "features": [dict(zip(_TOLD, map(module.get, _READ), strict=True)) for module in facts.modules],
        "version": assignment.object("increment").get("version"),
        "rehearsal": True,
    }
    stage.messages.artifact("brief", "brief", f"Content brief: {facts.title}", brief)
    held = f"{prose.counted(len(facts.modules), 'feature')}, {prose.counted(facts.test_count, 'test')}"
    return Result("passed", f"The repository really holds {held}.", data={"features": len(facts.modules)})


def write(assignment: Told, stage: Stage) -> Result:
    """Write the pieces of the assigned step; every example in them has just been run, every post fits its channel."""
    facts, step = facts_of(assignment, stage), assignment.text("step")
    told = _TABLE["steps"][step]
    stage.progress(0.3, told["progress"])
    given: dict[str, Any] = {"facts": facts, **_LIMITS}
    lines = prose.rendered("posts.txt", **given).splitlines()
    posts = [prose.one_line(line, _LIMITS["post_chars_max"]) for line in lines]
    told_of, most = assignment.object("increment"), _LIMITS["summary_chars_max"]
    version, reason = (prose.one_line(told_of.text(name), most) for name in ("version", "reason"))
    name = slug(version, "release", _LIMITS["slug_chars_max"])
    words = {"title": facts.title, "version": version, "slug": name}
    given |= {"posts": posts, "reason": reason or "A new version."}
    for key, piece in (_PIECES | (_TABLE["releases"] if version else {})).items():
        if piece["step"] == step:
            title = piece["title"].format(**words)
            text = prose.rendered(piece.get("template", f"{key}.md"), **{**given, "heading": title, **piece})
            data = _data(piece.get("channel", key), text) | ({"version": version} if "channel" in piece else {})
            data |= {"posts": posts, "chars_max": _LIMITS["post_chars_max"]} if key == "social" else {}
            stage.deliver(piece["kind"], key.format(**words), title, piece["path"].format(**words), text, **data)
    counts = {"examples": prose.counted(len(facts.modules), "example"), "posts": prose.counted(len(posts), "post")}
    return stage.hand_in(tuple(told["change"]), told["summary"].format(**counts))


def _data(key: str, text: str) -> JsonObject:
    return {"channel": key, "words": len(prose.words(text)), "rehearsal": True}


def optimize(assignment: Told, stage: Stage) -> Result:
    """Read all pieces, tell what a person should see to, and add the index."""
    title = facts_of(assignment, stage).title
    stage.progress(0.5, "editing every piece")
    findings: list[str] = []
    entries: list[tuple[str, str]] = []
    for key, piece in _PIECES.items():
        path, text = piece["path"], stage.read(piece["path"])
        data, limit = _data(key, text), piece.get("words_max")
        if not text:
            findings.append(f"{path}: missing")
            continue
        if limit and len(prose.words(text)) > limit:
            findings.append(f"{path}: {data['words']} words are more than {limit}; a person should cut it")
        entries.append((piece["name"], f"../{path}".replace("../docs/", "")))
        stage.messages.artifact(piece["kind"], key, piece["name"], data, path)
    pages = {name: sorted(stage.root.glob(pattern)) for name, pattern in _TABLE["index"].items()}
    index = prose.rendered("index.md", title=title, entries=entries, pages=pages)
    stage.deliver("documentation", "index", f"{title}: all documents", "docs/README.md", index, rehearsal=True)
    report: JsonObject = {"findings": findings, "pieces": len(entries)}
    stage.messages.artifact("report", "editing", "Editor's report", report)
    change = "Edit all pieces and add an index", "Editing by Podium's rehearsal agent."
    summary = f"Edited {prose.counted(len(entries), 'piece')}; {prose.counted(len(findings), 'finding')}."
    return stage.hand_in(change, summary, findings=len(findings))
