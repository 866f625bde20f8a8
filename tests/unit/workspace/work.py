"""Commits made as agents make them: in a clone, and fetched into the project's repository."""

import os
import subprocess
from pathlib import Path

from podium.workspace.layout import Home

ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "someone",
    "GIT_AUTHOR_EMAIL": "someone@example.invalid",
    "GIT_COMMITTER_NAME": "someone",
    "GIT_COMMITTER_EMAIL": "someone@example.invalid",
}
PROJECT = "hello"


def git(directory: Path, *arguments: str) -> str:
    """Run git as a user would; returns what it printed."""
    done = subprocess.run(
        ("git", *arguments), cwd=directory, env=ENV, check=True, capture_output=True, text=True, timeout=20
    )
    return done.stdout.strip()


def commit(
    home: Home,
    tmp_path: Path,
    base: str,
    files: dict[str, str | None],
    message: str = "Work",
    project: str = PROJECT,
) -> str:
    """A commit on `base` with these files written (None: removed), present in the project's repository; its id."""
    repository = home.repository(project)
    clone = tmp_path / f"clone-{len(list(tmp_path.iterdir()))}"
    git(tmp_path, "clone", "--quiet", "--no-local", "--no-checkout", str(repository), str(clone))
    git(clone, "fetch", "--quiet", str(repository), base)
    git(clone, "checkout", "--quiet", base)
    for name, text in files.items():
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if text is None else path.write_text(text)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", f"--message={message}")
    made = git(clone, "rev-parse", "HEAD")
    git(repository, "fetch", "--quiet", str(clone), f"HEAD:refs/podium/attempts/test.{made[:12]}")
    return made


def main_of(home: Home) -> str:
    return git(home.repository(PROJECT), "rev-parse", "main")


def files_of(home: Home, what: str) -> set[str]:
    return set(git(home.repository(PROJECT), "ls-tree", "-r", "--name-only", what).splitlines())
