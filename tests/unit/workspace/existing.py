"""Repositories that somebody else made, with everything in them that could go wrong."""

import hashlib
import os
from pathlib import Path

from tests.unit.workspace.work import git

HOOKS = ("post-checkout", "post-merge", "post-commit", "pre-commit", "reference-transaction", "post-index-change")


def repository(path: Path, files: dict[str, str], branch: str = "main") -> Path:
    """A repository with these files in one commit."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", f"--initial-branch={branch}")
    write(path, files)
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--allow-empty", "--message=Begin")
    return path


def write(path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, "utf-8")


def plant_traps(path: Path, canary: Path) -> None:
    """Make hooks, filters and configuration that touch the canary when anything runs them."""
    trap = path / ".git" / "trap"
    trap.write_text(f"#!/bin/sh\necho \"$0\" >> '{canary}'\nexit 0\n")
    trap.chmod(0o755)
    for name in HOOKS:
        hook = path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.symlink_to(trap)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "uploadpack.packObjectsHook"):
        git(path, "config", key, str(trap))
    for key in ("filter.lfs.clean", "filter.lfs.smudge", "filter.lfs.process", "diff.trap.textconv"):
        git(path, "config", key, f"{trap}; cat")
    git(path, "config", "filter.lfs.required", "true")


def fingerprint(path: Path) -> dict[str, str]:
    """Every file and link below a folder, `.git` included: its kind, mode, time and content."""
    found: dict[str, str] = {}
    for folder, directories, files in os.walk(path):
        for name in (*directories, *files):
            place = Path(folder, name)
            state = place.lstat()
            if place.is_symlink():
                content = f"-> {place.readlink()}"
            else:
                content = hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else ""
            found[str(place.relative_to(path))] = f"{state.st_mode:o} {state.st_mtime_ns} {content}"
    return found
