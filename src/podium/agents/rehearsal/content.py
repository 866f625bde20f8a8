"""Content from the code as it is: a brief of plain facts, documentation, marketing, and posts that fit their channel.

A further run adds a page for each audience that says what this version is about.
"""

from typing import Any

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.facts import Facts, facts_of
from podium.agents.rehearsal.features import KINDS
from podium.agents.rehearsal.protocol import Assignment, JsonObject, Result
from podium.agents.rehearsal.stage import Stage

GUIDE_FEATURES_MAX = 40
POST_CHARS_MAX = 280
POST_TITLE_CHARS_MAX = 90
FEATURES_NAMED_MAX = 6
SUMMARY_CHARS_MAX = 400
LANDING_WORDS_MAX = 400
ANNOUNCEMENT_WORDS_MAX = 250
REASON_CHARS_MAX = 400
SLUG_CHARS_MAX = 60

_PAGES = {
    "documentation": ("documentation", "docs/releases/{slug}.md", "{title} {version}: release notes"),
    "marketing": ("marketing", "content/releases/{slug}.md", "{title} {version} is out"),
    "social": ("marketing", "content/releases/{slug}-posts.md", "{title} {version}: post"),
}


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
        "features": [
            {"key": module.key, "title": module.title, "does": module.run_summary, "path": module.path}
            for module in facts.modules
        ],
        "version": assignment.increment.version if assignment.increment else None,
        "rehearsal": True,
    }
    stage.progress(0.9, "wrote the brief")
    stage.messages.artifact("brief", "brief", f"Content brief: {facts.title}", brief)
    held = f"{prose.counted(len(facts.modules), 'feature')}, {prose.counted(facts.test_count, 'test')}"
    return Result("passed", f"The repository really holds {held}.", data={"features": len(facts.modules)})


def documentation(assignment: Assignment, stage: Stage) -> Result:
    """Write the guide and the reference; every example in them has just been run."""
    facts = facts_of(assignment, stage)
    stage.progress(0.2, "running every example")
    count = len(facts.examples)
    stage.progress(0.6, "writing the guide and the reference")
    for key in ("guide", "reference"):
        text = prose.rendered(f"{key}.md", facts=facts, features_max=GUIDE_FEATURES_MAX)
        data: JsonObject = {"words": len(prose.words(text)), "examples": count, "rehearsal": True}
        stage.deliver("documentation", key, f"{facts.title}: the {key}", f"docs/{key}.md", text, **data)
    _add_page(assignment, facts, stage, "documentation")
    change = "Write the guide and the reference", "Documentation by Podium's rehearsal agent."
    return stage.hand_in(change, f"Wrote the guide and the reference; {prose.counted(count, 'example')} run.")


def marketing(assignment: Assignment, stage: Stage) -> Result:
    """Write the landing page and the announcement."""
    facts = facts_of(assignment, stage)
    stage.progress(0.4, "finding the right words")
    for key in ("landing", "announcement"):
        text = _told(f"{key}.md", facts, summary_chars_max=SUMMARY_CHARS_MAX)
        data: JsonObject = {"channel": key, "words": len(prose.words(text)), "rehearsal": True}
        stage.deliver("marketing", key, f"{facts.title}: {key}", f"content/{key}.md", text, **data)
    _add_page(assignment, facts, stage, "marketing")
    change = "Write the landing page and the announcement", "Marketing by the rehearsal agent."
    return stage.hand_in(change, "Wrote the landing page and the announcement.")


def social(assignment: Assignment, stage: Stage) -> Result:
    """Write the posts, each short enough for its channel."""
    facts = facts_of(assignment, stage)
    stage.progress(0.4, "counting characters")
    written = _told("posts.txt", facts, title=prose.one_line(facts.title, POST_TITLE_CHARS_MAX))
    posts = [prose.one_line(post, POST_CHARS_MAX) for post in written.splitlines()]
    text = prose.rendered("social.md", facts=facts, posts=posts)
    data: JsonObject = {"channel": "social", "posts": posts, "chars_max": POST_CHARS_MAX, "rehearsal": True}
    stage.deliver("marketing", "social", f"{facts.title}: posts", "content/social.md", text, **data)
    _add_page(assignment, facts, stage, "social")
    counted = prose.counted(len(posts), "post")
    return stage.hand_in((f"Write {counted}", "Posts by the rehearsal agent."), f"Wrote {counted}.")


def _told(name: str, facts: Facts, **words: Any) -> str:
    words |= {"features_max": FEATURES_NAMED_MAX, "title_chars_max": POST_TITLE_CHARS_MAX}
    return prose.rendered(name, facts=facts, **words)


def _add_page(assignment: Assignment, facts: Facts, stage: Stage, step: str) -> None:
    """Write the page of this step about the version, where the run is for one; what is there of others stays."""
    increment = assignment.increment
    if increment is None:
        return
    version = prose.one_line(increment.version, SLUG_CHARS_MAX)
    slug = prose.slug(version, SLUG_CHARS_MAX) or "release"
    kind, path, heading = _PAGES[step]
    title = heading.format(title=facts.title, version=version)
    reason = prose.one_line(increment.reason, REASON_CHARS_MAX) or "A new version."
    text = prose.rendered("release.md", heading=title, reason=reason, facts=facts)
    data: JsonObject = {"version": version, "words": len(prose.words(text)), "rehearsal": True}
    stage.deliver(kind, f"release-{slug}-{step}", title, path.format(slug=slug), text, **data)


STEPS = (analyze, documentation, marketing, social)
