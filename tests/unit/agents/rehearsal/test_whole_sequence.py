"""Every step of the shipped pipeline, on real clones, as Podium would start them."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.test_docs import links
from tests.unit.agents.rehearsal.conftest import EXAMPLES, WholeRun
from tests.unit.agents.rehearsal.playhouse import CONTENT_STEPS, SOURCE, Playhouse, at_once, git, run_suite

ONE_FEATURE = "# Echo\n\nSays things twice.\n\n## Features\n\n- Sort the words: in order\n  - Case is no matter\n"


def files(folder: Path) -> dict[str, bytes]:
    names = git(folder, "ls-files").splitlines()
    return {name: (folder / name).read_bytes() for name in names}


@pytest.mark.requirement("INS-2")
def test_the_whole_pipeline_ends_with_a_tested_application(hello_world: WholeRun) -> None:
    suite = run_suite(hello_world.main)
    assert suite.returncode == 0, suite.stderr
    assert "Ran 16 tests" in suite.stderr
    assert git(hello_world.main, "status", "--porcelain") == ""


def test_the_application_really_answers(hello_world: WholeRun) -> None:
    def run(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-B", "-m", "hello_world", *arguments],
            cwd=hello_world.main,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": "src"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert run("greet-by-name", r"Bo\nCy") == "Hello, Bo!\nHello, Cy!\n"
    assert run("4") == "tea, coffee and water\n"
    assert run().splitlines()[0] == "001-greet-by-name  Greet by name"


def test_each_step_delivers_its_artifacts(hello_world: WholeRun) -> None:
    made = {(artifact["kind"], artifact["key"]) for artifact in hello_world.playhouse.artifacts}
    assert made == {
        ("plan", "plan"),
        *(("issue", issue["key"]) for issue in hello_world.issues),
        ("report", "performance"),
        ("site", "site"),
        ("brief", "brief"),
        ("documentation", "guide"),
        ("documentation", "reference"),
        ("documentation", "index"),
        ("marketing", "landing"),
        ("marketing", "announcement"),
        ("marketing", "social"),
        ("report", "editing"),
    }
    paths = [artifact["path"] for artifact in hello_world.playhouse.artifacts if artifact["path"]]
    assert all((hello_world.main / path).is_file() for path in paths)


@pytest.mark.requirement("PIP-3")
def test_tests_fail_before_the_work_and_nothing_else_does(hello_world: WholeRun) -> None:
    tests, _, _ = hello_world.chains[1]
    suite = run_suite(tests.clone)
    assert suite.returncode == 1
    failing = set(re.findall(r"^(?:ERROR|FAIL): .*\((tests\.\w+)\.", suite.stderr, re.MULTILINE))
    assert failing == {"tests.test_002_count_the_guests"}
    assert tests.result["data"]["failing"] is True


def test_every_message_is_of_the_protocol(hello_world: WholeRun) -> None:
    for played in hello_world.chains[0]:
        assert [message["type"] for message in played.messages[-2:]] == ["spend", "result"]
        assert len(played.of_type("result")) == 1
        fractions = [message["fraction"] for message in played.of_type("progress")]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert "rehearsal" in played.of_type("log")[0]["text"]
        assert played.of_type("spend")[0]["cost_usd"] == 0.0
        assert played.stderr == ""


def test_review_and_analysis_change_nothing(hello_world: WholeRun) -> None:
    _, implemented, reviewed = hello_world.chains[0]
    assert reviewed.head() == implemented.head()
    assert git(reviewed.clone, "status", "--porcelain", "--ignored") == ""


def test_commits_name_their_issue(hello_world: WholeRun) -> None:
    _, implemented, _ = hello_world.chains[2]
    message = git(implemented.clone, "log", "-1", "--format=%an|%s|%(trailers:key=Issue,valueonly)")
    assert message == "Podium|Implement 003-say-goodbye|003-say-goodbye"


def test_every_text_says_that_it_is_a_rehearsal(hello_world: WholeRun) -> None:
    silent = [name for name, data in files(hello_world.main).items() if b"rehears" not in data.lower()]
    assert silent == []


def test_metadata_and_links_are_sound(hello_world: WholeRun) -> None:
    project = tomllib.loads((hello_world.main / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["name"], project["dependencies"]) == ("hello-world", [])
    report = next(a for a in hello_world.playhouse.artifacts if a["key"] == "editing")
    assert report["data"] == {"findings": [], "pieces": 5}
    dead = [
        (page.name, target)
        for page in hello_world.main.rglob("*.md")
        for target in links(page.read_text("utf-8"))
        if not (page.parent / target.partition("#")[0]).exists()
    ]
    assert dead == []


def test_posts_fit_their_channel(hello_world: WholeRun) -> None:
    social = [a for a in hello_world.playhouse.artifacts if a["data"].get("channel") == "social"]
    posts = social[0]["data"]["posts"]
    assert len(posts) == 6
    assert max(map(len, posts)) <= 280


def test_the_page_offers_each_feature_and_needs_no_network(hello_world: WholeRun) -> None:
    page = (hello_world.main / "public/index.html").read_text(encoding="utf-8")
    assert page.count('<li class="card">') == 4
    assert "Hello, Ada!" in page
    assert not re.search(r'(?:src|href)="https?:', page)


@pytest.mark.requirement("PIP-4")
def test_a_further_run_adds_pages_about_the_version_and_keeps_the_others(tmp_path: Path) -> None:
    playhouse = Playhouse(tmp_path / "again", ONE_FEATURE)
    playhouse.develop_all(playhouse.genesis())
    playhouse.deliver()
    before = files(playhouse.main)
    playhouse.increment = {"version": "v1.1", "reason": "Sorts <b>backwards</b>"}
    playhouse.merge(playhouse.passed(playhouse.play("content", "analyze")))
    for step in CONTENT_STEPS:
        played = playhouse.passed(playhouse.play("content", step))
        assert played.head() != git(playhouse.main, "rev-parse", "HEAD"), "there is a change where one is due"
        playhouse.merge(played)
    playhouse.merge(playhouse.passed(playhouse.play("content", "optimize")))
    after = files(playhouse.main)
    pages = {"docs/releases/v1-1.md", "content/releases/v1-1.md", "content/releases/v1-1-posts.md"}
    assert after.keys() - before.keys() == pages
    assert {name for name in before if after[name] != before[name]} == {"docs/README.md"}, "only the index is changed"
    assert b"releases/v1-1.md" in after["docs/README.md"]
    assert b"<b>" not in after["docs/releases/v1-1.md"]
    made = {a["path"] for a in playhouse.artifacts if a["key"].startswith("release-v1-1-")}
    assert made == pages


def example_documents() -> Iterator[Path]:
    yield from sorted(EXAMPLES.glob("*.md"))


@pytest.mark.parametrize(
    ("name", "kind", "complexity", "features"),
    [
        ("hello-world", "cli", "small", 4),
        ("task-tracker", "web", "medium", 12),
        ("library", "api", "medium", 6),
        ("market-report", "data", "large", 40),
    ],
)
def test_the_examples_are_planned(tmp_path: Path, name: str, kind: str, complexity: str, features: int) -> None:
    playhouse = Playhouse(tmp_path / name, (EXAMPLES / f"{name}.md").read_text(encoding="utf-8"))
    plan = playhouse.passed(playhouse.play("genesis", "analyze")).artifacts("plan")[0]["data"]
    assert (plan["type"], plan["complexity"], len(plan["features"])) == (kind, complexity, features)
    assert any(feature["depends_on"] for feature in plan["features"])


def test_all_examples_are_tried_above() -> None:
    assert [path.stem for path in example_documents()] == ["hello-world", "library", "market-report", "task-tracker"]


def test_a_document_without_features_says_what_to_write(tmp_path: Path) -> None:
    playhouse = Playhouse(tmp_path / "empty", "# An idea\n\nIt would be nice.\n")
    played = playhouse.play("genesis", "analyze")
    assert (played.status, played.verdict) == (0, "blocked")
    assert "## Features" in played.result["summary"]
    assert played.artifacts() == []


ODD_TITLES = ("Привітати людину", "挨拶する", 'Say """ \\ "so" {0} {{ 7*7 }} $x', "Twice", "Twice", "# class", "🎉")
ODD_DOCUMENT = "# Réservations «déjà» {{ 7*7 }} <script>alert(1)</script>\n\n## Features\n\n" + "".join(
    f"- {title}\n" for title in ODD_TITLES
)


def play_odd_document(folder: Path) -> Playhouse:
    playhouse = Playhouse(folder, ODD_DOCUMENT)
    playhouse.develop_all(playhouse.genesis()[1:3])
    playhouse.deliver()
    return playhouse


def test_odd_titles_survive_the_whole_way_and_give_the_same_bytes_twice(tmp_path: Path) -> None:
    one, two = at_once(play_odd_document, (tmp_path / "one", tmp_path / "two"))
    assert run_suite(one.main).returncode == 0
    assert files(one.main) == files(two.main)
    # Only the figures of the performance report belong to a moment.
    made = [[a for a in playhouse.artifacts if a["key"] != "performance"] for playhouse in (one, two)]
    assert made[0] == made[1]
    keys = {artifact["key"] for artifact in one.artifacts if artifact["kind"] == "issue"}
    assert len(keys) == len(ODD_TITLES)
    assert all(re.fullmatch(r"[0-9]{3}-[a-z0-9-]{1,56}", key) for key in keys)
    assert "<script>alert" not in (one.main / "public/index.html").read_text(encoding="utf-8")
    assert "{{ 7\\*7 }}" in (one.main / "README.md").read_text(encoding="utf-8")


def test_a_repository_that_exists_keeps_its_files(tmp_path: Path) -> None:
    playhouse = Playhouse(tmp_path / "adopted", ONE_FEATURE)
    kept = {"README.md": "Ours.\n", "docs/guide.md": "Our guide.\n", "docs/issues/041-old.md": "Old.\n"}
    for name, text in {**kept, "src/echo/__init__.py": ""}.items():
        (playhouse.main / name).parent.mkdir(parents=True, exist_ok=True)
        (playhouse.main / name).write_text(text, encoding="utf-8")
    git(playhouse.main, "add", "--all")
    git(playhouse.main, "commit", "--quiet", "--message=ours")
    (issue,) = playhouse.genesis()
    assert issue["key"] == "042-sort-the-words"
    playhouse.develop_all([issue])
    playhouse.deliver()
    assert {name: (playhouse.main / name).read_text(encoding="utf-8") for name in kept} == kept
    assert (playhouse.main / "src/echo_rehearsal/features/f042_sort_the_words.py").is_file()


def test_a_step_of_a_users_own_is_stood_in_for(tmp_path: Path) -> None:
    playhouse = Playhouse(tmp_path / "own", ONE_FEATURE)
    played = playhouse.passed(playhouse.play("development", "security-audit"))
    assert git(played.clone, "ls-files") == "docs/rehearsed/development-security-audit.md"


@pytest.mark.parametrize("content", [None, "not json", json.dumps({"version": 2})])
def test_an_unreadable_assignment_ends_without_a_result(tmp_path: Path, content: str | None) -> None:
    assignment = tmp_path / "assignment.json"
    if content is not None:
        assignment.write_text(content, encoding="utf-8")
    played = Playhouse(tmp_path / "bad", ONE_FEATURE).start(tmp_path, assignment)
    assert (played.status, played.messages) == (2, [])
    assert "assignment" in played.stderr


def test_nothing_slow_is_loaded_by_a_step_that_does_not_need_it() -> None:
    script = (
        "import sys, podium.agents.rehearsal.__main__\n"
        "sys.exit(', '.join({'jinja2', 'markdown_it', 'pydantic', 'asyncio'} & sys.modules.keys()) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(SOURCE)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
