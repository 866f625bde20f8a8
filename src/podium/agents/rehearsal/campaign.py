"""Marketing from the repository's facts: a landing page, an announcement, posts that fit their channel."""

from podium.agents.rehearsal import prose, releases, repository, texts
from podium.agents.rehearsal.json_fields import JsonObject
from podium.agents.rehearsal.protocol import Assignment, Result
from podium.agents.rehearsal.repository import FeatureModule
from podium.agents.rehearsal.stage import Stage
from podium.agents.rehearsal.story import Story, story_of

POST_CHARS_MAX = 280
POST_TITLE_CHARS_MAX = 90
FEATURES_NAMED_MAX = 6
SUMMARY_CHARS_MAX = 400
LANDING_WORDS_MAX = 400
ANNOUNCEMENT_WORDS_MAX = 250


def marketing(assignment: Assignment, stage: Stage) -> Result:
    """Write the landing page and the announcement."""
    package = repository.package_of(stage.clone)
    modules = repository.feature_modules(stage.clone, package)
    story = story_of(assignment, stage.clone)
    stage.progress(0.4, "finding the right words")
    words = {
        "title": prose.markdown(story.title),
        "summary": prose.markdown(prose.one_line(story.summary, SUMMARY_CHARS_MAX)),
        "package": package,
        "count": prose.counted(len(modules), "feature"),
        "tests": prose.counted(repository.count_tests(stage.clone), "test"),
        "features": _feature_list(modules),
    }
    pieces = {
        "landing": ("content/landing.md", texts.filled("landing.md", **words)),
        "announcement": ("content/announcement.md", texts.filled("announcement.md", **words)),
    }
    for key, (path, text) in pieces.items():
        stage.write(path, text)
        data: JsonObject = {"channel": key, "words": len(prose.words(text)), "rehearsal": True}
        stage.messages.artifact("marketing", key, f"{story.title}: {key}", data, path)
    releases.add_page(assignment, stage, "marketing")
    commit = stage.clone.commit("Write the landing page and the announcement", "Marketing by the rehearsal agent.")
    return Result("passed", "Wrote the landing page and the announcement.", data={"commit": commit})


def social(assignment: Assignment, stage: Stage) -> Result:
    """Write the posts, each short enough for its channel."""
    package = repository.package_of(stage.clone)
    modules = repository.feature_modules(stage.clone, package)
    story = story_of(assignment, stage.clone)
    stage.progress(0.4, "counting characters")
    posts = _posts(story, modules, repository.count_tests(stage.clone))
    text = f"# {prose.markdown(story.title)}: posts\n\n{prose.REHEARSAL_NOTICE}\n\n" + "\n\n".join(
        f"## Post {number}\n\n{prose.markdown(post)}" for number, post in enumerate(posts, start=1)
    )
    stage.write("content/social.md", text + "\n")
    data: JsonObject = {"channel": "social", "posts": list(posts), "chars_max": POST_CHARS_MAX, "rehearsal": True}
    stage.messages.artifact("marketing", "social", f"{story.title}: posts", data, "content/social.md")
    releases.add_page(assignment, stage, "social")
    commit = stage.clone.commit(f"Write {prose.counted(len(posts), 'post')}", "Posts by the rehearsal agent.")
    return Result("passed", f"Wrote {prose.counted(len(posts), 'post')}.", data={"commit": commit})


def _feature_list(modules: list[FeatureModule]) -> str:
    named = [
        f"- **{prose.markdown(prose.one_line(module.title, POST_TITLE_CHARS_MAX))}**"
        for module in modules[:FEATURES_NAMED_MAX]
    ]
    more = len(modules) - len(named)
    return "\n".join([*named, f"- …and {more:,} more"] if more else named)


def _posts(story: Story, modules: list[FeatureModule], tests: int) -> list[str]:
    title = prose.one_line(story.title, POST_TITLE_CHARS_MAX)
    opening = (
        f"Curtain up (in rehearsal): {title}, with {prose.counted(len(modules), 'feature')} "
        f"and {prose.counted(tests, 'test')}. #rehearsal"
    )
    scenes = [
        f"{title}: {prose.one_line(module.title, POST_TITLE_CHARS_MAX)}. {module.run_summary} #rehearsal"
        for module in modules[:FEATURES_NAMED_MAX]
    ]
    closing = f"That was {title}: rehearsed by Podium, offline, at no cost to anyone. #rehearsal"
    return [prose.one_line(post, POST_CHARS_MAX) for post in (opening, *scenes, closing)]
