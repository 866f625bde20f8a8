"""What a further run of Content adds: a page for each audience that says what this version is about."""

from podium.agents.rehearsal import prose, repository, texts
from podium.agents.rehearsal.json_fields import JsonObject
from podium.agents.rehearsal.protocol import Assignment
from podium.agents.rehearsal.stage import Stage
from podium.agents.rehearsal.story import story_of

REASON_CHARS_MAX = 400
SLUG_CHARS_MAX = 60

_PAGES = {
    "documentation": ("documentation", "docs/releases/{slug}.md", "{title} {version}: release notes"),
    "marketing": ("marketing", "content/releases/{slug}.md", "{title} {version} is out"),
    "social": ("marketing", "content/releases/{slug}-posts.md", "{title} {version}: post"),
}


def add_page(assignment: Assignment, stage: Stage, step: str) -> None:
    """Write the page of this step about the version, where the run is for one; what is there of others stays."""
    if assignment.increment is None:
        return
    version = prose.one_line(assignment.increment.version, SLUG_CHARS_MAX)
    slug = prose.slug(version, SLUG_CHARS_MAX) or "release"
    kind, path, heading = _PAGES[step]
    title = heading.format(title=story_of(assignment, stage.clone).title, version=version)
    modules = repository.feature_modules(stage.clone, repository.package_of(stage.clone))
    text = texts.filled(
        "release.md",
        heading=prose.markdown(title),
        reason=prose.markdown(prose.one_line(assignment.increment.reason, REASON_CHARS_MAX) or "A new version."),
        features=prose.counted(len(modules), "feature"),
        tests=prose.counted(repository.count_tests(stage.clone), "test"),
    )
    path = path.format(slug=slug)
    stage.write(path, text)
    data: JsonObject = {"version": version, "words": len(prose.words(text)), "rehearsal": True}
    stage.messages.artifact(kind, f"release-{slug}-{step}", title, data, path)
