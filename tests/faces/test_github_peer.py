"""A GitHub on this machine as a real peer: an issue there becomes a project with all that belongs to it there."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.faces.command_line import CommandLine
from tests.faces.github_emulator import TOKEN, environ, free_port, until
from tests.faces.github_front import fronted

CONFIG: Final = """
[github]
owner = "ada"
inbox = ["ada/ideas"]
webhook_url = "{}"
checks_seconds = 3600
interval_seconds = 0.5
"""
DEPLOY: Final = """
[deploy.pages]
projects = ["*"]
repository = "{0}"
env = {{ GIT_CONFIG_COUNT = "1", GIT_CONFIG_KEY_0 = "{1}", GIT_CONFIG_VALUE_0 = "{0}" }}
"""
ISSUE: Final = {"title": "Greeter", "body": "A command that greets.\n\n## Features\n\n1. Greet by name: say hello\n"}


def released(client: httpx2.Client, place: str) -> dict[str, Any]:
    """The one release, once it is there; until then each pull request is checked as a CI does, and found good."""
    opened = client.get(f"{place}/pulls?state=open")
    for pull in opened.json() if opened.status_code == 200 else ():
        sha = pull["head"]["sha"]
        if not client.get(f"{place}/commits/{sha}/check-runs").json()["total_count"]:
            told = {"name": "ci", "head_sha": sha, "status": "completed", "conclusion": "success"}
            client.post(f"{place}/check-runs", json=told)
    answer = client.get(f"{place}/releases")
    return answer.json()[0] if answer.status_code == 200 and answer.json() else {}


def names(client: httpx2.Client) -> set[str]:
    return {one["full_name"] for one in client.get("/user/repos?per_page=100").json()}


def mentions(home: Path, word: str) -> list[str]:
    """Files of the home that hold a word."""
    found = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    return [str(path) for path in found if word.encode() in path.read_bytes()]


@pytest.mark.requirement("GIT-1", "GIT-3", "GIT-5", "INT-1", "SEC-1")
def test_an_issue_becomes_a_project_with_all_that_belongs_to_it(github: httpx2.Client, tmp_path: Path) -> None:
    podium, port = CommandLine(tmp_path / "home"), str(free_port())
    hook = f"http://127.0.0.1:{port}/webhooks/github"
    podium.env |= {**environ(str(github.base_url)), "PODIUM_GITHUB_WEBHOOK_SECRET": "a secret"}
    podium.ask("init")
    with (podium.home / "podium.toml").open("a") as file:
        file.write(CONFIG.format(hook))
    podium.ask("up", "--port", port)
    try:
        config = {"url": hook, "secret": "a secret", "content_type": "json"}
        github.post("/repos/ada/ideas/hooks", json={"name": "web", "config": config, "events": ["*"]})
        github.post("/repos/ada/ideas/issues", json=ISSUE)
        place = "/repos/ada/greeter"
        release = until(lambda: released(github, place))
        assert (release["tag_name"], release["target_commitish"]) == ("v1", "main")
        pulls = github.get(f"{place}/pulls?state=all").json()
        assert all(pull["merged_at"] for pull in pulls)
        feature = next(pull for pull in pulls if pull["title"] == "Greet by name")
        assert "| review | dev-0" in feature["body"]
        issues = github.get(f"{place}/issues?state=all").json()
        assert [(one["title"], one["state"]) for one in issues if "pull_request" not in one] == [
            ("Greet by name", "closed")
        ]
        asked = github.get("/repos/ada/ideas/issues/1").json()
        (comment,) = github.get("/repos/ada/ideas/issues/1/comments").json()
        assert (asked["state"], "**Greeter** is complete" in comment["body"]) == ("closed", True)
        command = ["git", "ls-tree", "-r", "--name-only", "main"]
        repository = podium.home / "projects/greeter/repository"
        local = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.split()
        there = github.get(f"{place}/git/trees/main?recursive=1").json()["tree"]
        assert sorted(one["path"] for one in there if one["type"] == "blob") == sorted(local)
        assert [row["id"] for row in podium.ask("projects")["projects"]] == ["greeter"]
        assert mentions(podium.home, TOKEN) == []  # no agent was given it, and nothing that is kept has it
        came = podium.ask("github", "deliveries")["deliveries"]
        swept = {row["key"] for row in came if row["key"].startswith("github:sweep/")}
        # Its webhooks were enough; only the issue may be seen, too, by the sweep with which an orchestrator begins.
        assert swept <= {"github:sweep/issues/1"}
        assert "an echo of what Podium wrote" in {row["outcome"] for row in came}

    finally:
        podium("down")


@pytest.mark.requirement("GIT-3", "GIT-5", "INT-5")
def test_work_on_a_repository_that_is_there_becomes_pull_requests_in_it(github: httpx2.Client, tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    with fronted(github, tmp_path / "served") as front:
        served, known = front.mirror("ada/lived"), names(github)
        before = github.get("/repos/ada/lived/git/ref/heads/main").json()["object"]["sha"]
        podium.env |= environ(front.url)
        podium.ask("init")
        with (podium.home / "podium.toml").open("a") as file:
            file.write('[github]\nowner = "ada"\ninterval_seconds = 0.5\n')
            shown = f"https://{front.url.removeprefix('http://')}/ada/shown.git"
            file.write(DEPLOY.format(shown, f"url.{front.mirror('ada/shown')}.insteadOf"))
        podium.ask("up")
        try:
            (tmp_path / "wish.md").write_text(f"# {ISSUE['title']}\n\n{ISSUE['body']}")
            made = podium.ask("submit", str(tmp_path / "wish.md"), "--repository", f"{front.url}/ada/lived")
            until(lambda: podium.ask("project", made["project"])["state"] == "complete")
            repository = podium.home / "projects" / made["project"] / "repository"
            command = ["git", "ls-tree", "-r", "--name-only", "main"]
            local = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.split()

            def whole() -> bool:
                pulls = github.get("/repos/ada/lived/pulls?state=open&per_page=100").json()
                heads = (github.get(f"/repos/ada/lived/git/trees/{each['head']['sha']}?recursive=1") for each in pulls)
                trees = ([one["path"] for one in head.json()["tree"] if one["type"] == "blob"] for head in heads)
                return any(sorted(tree) == sorted(local) for tree in trees)

            until(whole)
            feature = next(
                one for one in github.get("/repos/ada/lived/pulls?state=open").json() if one["title"] == "Greet by name"
            )
            assert "| review | dev-0" in feature["body"]
            assert github.get("/repos/ada/lived/git/ref/heads/main").json()["object"]["sha"] == before
            assert names(github) == known, "it gets no repository of its own"
            heads = subprocess.run(["git", "for-each-ref"], cwd=served, capture_output=True, text=True, check=True)
            assert heads.stdout.split() == [before, "commit", "refs/heads/main"], "nothing is pushed by git"
            assert "https://ada.github.io/shown/" in json.dumps(podium.ask("outputs", made["project"]))
            assert mentions(podium.home, TOKEN) == []
            assert [row["id"] for row in podium.ask("projects")["projects"]] == [made["project"]]
        finally:
            podium("down")
