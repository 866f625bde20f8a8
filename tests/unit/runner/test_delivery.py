"""What is in the clone at the end is delivered: everything, whatever the agent did to git, and no hook of its runs."""

import json
import os
from pathlib import Path

import pytest

from podium.runner.shortage import used_bytes
from podium.runner.spec import CACHES
from tests.unit.runner.stage import PASSED, Stage, command, git, make_repository, only, shell

LARGE_BYTES = 1 << 20
AUTHORED = "git commit --quiet --message=Mine\n"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.requirement("INS-4")
def test_the_clone_only_reads_the_projects_objects(stage: Stage) -> None:
    before = contents(stage.repository)
    tidy = (
        "git gc --quiet --prune=now; git repack -adlq; git prune --expire=now; git reflog expire --all --expire=now\n"
    )
    told = f"git remote >{stage.root}/remotes; git branch --show-current >{stage.root}/branch\n"
    report = stage.run(f"{told} echo a >a.txt; git add a.txt; {AUTHORED} {tidy} echo b >b.txt\n" + PASSED)
    assert (stage.root / "remotes").read_text() == ""
    assert (stage.root / "branch").read_text() == "podium/12\n"
    objects = stage.clone / ".git" / "objects"
    assert all(file.stat().st_nlink == 1 for file in objects.rglob("*") if file.is_file())
    git(stage.clone, "fsck", "--strict")
    assert contents(stage.repository) == before
    assert stage.files(report["commit"]) == {"README.md", "a.txt", "b.txt"}


@pytest.mark.requirement("PRF-1")
def test_a_clone_copies_none_of_the_history(stage: Stage) -> None:
    (stage.repository / "large.bin").write_bytes(os.urandom(LARGE_BYTES))
    git(stage.repository, "add", "--all")
    git(stage.repository, "commit", "--quiet", "--message=Large")
    git(stage.repository, "rm", "--quiet", "large.bin")
    git(stage.repository, "commit", "--quiet", "--message=Gone")
    base = git(stage.repository, "rev-parse", "HEAD")
    report = stage.run("git cat-file -s HEAD^:large.bin; echo a >a.txt\n" + PASSED, base=base)
    assert str(LARGE_BYTES) in stage.texts("agent"), "the whole history can be read"
    assert used_bytes(stage.clone) < LARGE_BYTES / 4
    assert stage.files(report["commit"]) == {"README.md", "a.txt"}


@pytest.mark.parametrize("place", ["config", "info/exclude", "objects/info/alternates"])
def test_no_link_in_place_of_gits_own_files_is_followed(stage: Stage, place: str) -> None:
    target = stage.root / "target"
    target.write_text("theirs\n")
    report = stage.run(f"echo a >a.txt; rm -f .git/{place}; ln -s {target} .git/{place}\n" + PASSED)
    assert target.read_text() == "theirs\n"
    assert stage.files(report["commit"]) == {"README.md", "a.txt"}


@pytest.mark.requirement("PRF-1")
def test_what_tools_download_is_shared_by_all_attempts(stage: Stage, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    check = shell("python3 -m pip cache dir; echo $UV_LINK_MODE $UV_CACHE_DIR $npm_config_cache $GOMODCACHE")
    report = stage.run(f"env >{stage.root}/env\n" + PASSED, gates=(check,), cache=str(cache))
    given = dict(line.split("=", 1) for line in (stage.root / "env").read_text().splitlines())
    assert {name: given[name] for name in CACHES} == {name: f"{cache}/{tool}" for name, tool in CACHES.items()}
    said = only(report)["detail"]
    assert f"copy {cache}/uv {cache}/npm {cache}/go-mod" in said
    assert f"{cache}/pip" in said, "pip goes by it"


@pytest.mark.requirement("INS-4")
def test_the_environment_is_what_was_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "1")
    stage.run(f"env >{stage.root}/env; pwd >{stage.root}/pwd\n" + PASSED, env={"NAMED": "yes"})
    given = dict(line.split("=", 1) for line in (stage.root / "env").read_text().splitlines())
    assert set(given) - {"PWD", "OLDPWD", "SHLVL", "_"} == {
        *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "NAMED", "PODIUM_ATTEMPT", "PODIUM_ASSIGNMENT"),
        *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
        *("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_TERMINAL_PROMPT"),
    }
    assert given["PODIUM_ATTEMPT"].endswith(":hello/12.a1")
    assert given["HOME"] == str(stage.directory / "home")
    assert (stage.root / "pwd").read_text().strip() == str(stage.clone)


def test_the_agents_commits_and_what_it_left_over_are_delivered(stage: Stage) -> None:
    script = f"echo a >a.txt; git add a.txt; {AUTHORED} echo b >b.txt; rm README.md\n" + PASSED
    report = stage.run(script)
    assert stage.files(report["commit"]) == {"a.txt", "b.txt"}
    log = git(stage.repository, "log", "--format=%s by %an", f"{stage.base}..{report['commit']}")
    assert log.splitlines() == ["Did it by dev-02", "Mine by dev-02"]


@pytest.mark.parametrize(
    "script",
    [
        "git checkout --quiet --detach; echo a >a.txt; git add a.txt; " + AUTHORED,
        "git checkout --quiet -b elsewhere; echo a >a.txt; git add a.txt; " + AUTHORED,
        "git checkout --quiet -b elsewhere; echo a >a.txt; git branch -D podium/12\n",
        "echo a >a.txt; touch .git/index.lock .git/HEAD.lock .git/refs/heads/podium/12.lock\n",
        "echo a >a.txt; rm .git/index\n",
        "echo a >a.txt; echo garbage >.git/MERGE_HEAD; git config core.worktree /tmp; git config core.bare true\n",
        "git checkout --quiet -b other; echo o >README.md; git commit --quiet -am o; git checkout --quiet podium/12; "
        "echo a >a.txt; git add a.txt; echo m >README.md; git commit --quiet -am m; git merge other; true\n",
        "git commit --quiet --allow-empty --message=empty; echo a >a.txt\n",
    ],
)
def test_whatever_happened_to_git_the_work_is_delivered(stage: Stage, script: str) -> None:
    report = stage.run(script + PASSED)
    assert report["gates"] == []
    assert stage.files(report["commit"]) == {"README.md", "a.txt"}


@pytest.mark.parametrize(
    "script",
    [
        "git commit --quiet --amend --message=Rewritten; echo a >a.txt\n",
        "git checkout --quiet --orphan fresh; echo a >a.txt\n",
    ],
)
def test_a_rewritten_history_is_refused_and_kept_aside(stage: Stage, script: str) -> None:
    report = stage.run(script + PASSED)
    assert (only(report)["name"], only(report)["outcome"]) == ("history", "failed")
    assert report["commit"] is None
    assert "a.txt" in stage.files(report["salvage"])


@pytest.mark.parametrize(
    "script", ["rm -rf .git\n", "mv .git ../elsewhere; ln -s ../elsewhere .git\n", 'rm -rf "$PWD"\n']
)
def test_a_repository_that_is_gone_cannot_be_delivered(stage: Stage, script: str) -> None:
    report = stage.run("echo a >a.txt;" + script + PASSED)
    assert (only(report)["name"], only(report)["outcome"]) == ("delivery", "could-not-run")
    assert (report["commit"], report["salvage"]) == (None, None)


@pytest.mark.requirement("INS-4")
def test_nothing_planted_in_the_clone_runs_in_our_git(stage: Stage) -> None:
    mark = stage.root / "mark"
    plant = stage.root / "plant"
    plant.write_text(f"#!/bin/sh\necho $0 >>{mark}\ncat\n")
    plant.chmod(0o700)
    script = f"""
    mkdir -p .git/hooks ../home/.config/git
    for hook in pre-commit post-commit commit-msg prepare-commit-msg reference-transaction post-index-change; do
        cp {plant} .git/hooks/$hook
    done
    git config core.hooksPath .git/hooks; git config core.fsmonitor {plant}; git config filter.evil.clean {plant}
    git config gpg.program {plant}; git config commit.gpgSign true; git config alias.add '!{plant}'
    echo '* filter=evil' >.gitattributes; echo '* filter=evil' >.git/info/attributes
    echo '* filter=evil' >../home/.config/git/attributes; echo a >a.txt
    """
    report = stage.run(script + PASSED)
    assert stage.files(report["commit"]) == {"README.md", "a.txt", ".gitattributes"}
    assert not mark.exists()


def test_nothing_planted_in_the_project_runs_when_it_is_cloned(stage: Stage) -> None:
    mark = stage.root / "mark"
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = stage.repository / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
        hook.chmod(0o700)
    git(stage.repository, "config", "uploadpack.packObjectsHook", f"touch {mark}; false")
    assert stage.run(PASSED)["ending"] == "finished"
    assert not mark.exists()


def test_repositories_inside_the_repository_become_files(stage: Stage) -> None:
    inner = "mkdir -p sub/deep bare; git init --quiet sub/deep; echo s >sub/deep/s.txt\n"
    inner += "git init --quiet bare; echo b >bare/b.txt; cd sub/deep; git add s.txt\n" + AUTHORED + "cd ../..\n"
    report = stage.run(inner + PASSED)
    assert stage.files(report["commit"]) == {"README.md", "sub/deep/s.txt", "bare/b.txt"}


def test_droppings_of_tools_are_not_delivered(stage: Stage) -> None:
    report = stage.run(
        "mkdir -p pkg/__pycache__ node_modules; touch pkg/__pycache__/a.pyc node_modules/x pkg/a.py\n" + PASSED
    )
    assert stage.files(report["commit"]) == {"README.md", "pkg/a.py"}


def test_a_home_may_be_anywhere(tmp_path: Path) -> None:
    stage = Stage(tmp_path / 'o:d d "h\\ome" é')
    report = stage.run("echo a >a.txt\n" + PASSED, gates=(command("{python}", "-c", "open('a.txt')"),))
    assert only(report)["outcome"] == "passed"
    assert stage.files(report["commit"]) == {"README.md", "a.txt"}


def test_odd_names_are_delivered(stage: Stage) -> None:
    names = ["with space", 'quo"te', "ünïcode-☃", "-dash", "new\nline"]
    here = stage.root / "names.json"
    here.write_text(json.dumps(names))
    python = f"import json,pathlib; [pathlib.Path(n).write_text(n) for n in json.load(open({str(here)!r}))]"
    report = stage.run(f'python3 -I -c "{python}"\n' + PASSED)
    listed = git(stage.delivered(), "ls-tree", "-r", "-z", "--name-only", report["commit"]).split("\0")
    assert set(listed) - {""} == {"README.md", *names}


def test_a_summary_of_any_length_becomes_the_message(stage: Stage) -> None:
    result = json.dumps({"type": "result", "verdict": "passed", "summary": "# " + "x" * 200_000})
    (stage.root / "result").write_text(result + "\n")
    report = stage.run(f"echo a >a.txt; cat {stage.root}/result")
    message = git(stage.delivered(), "log", "-1", "--format=%B", report["commit"])
    assert message.startswith("# xxx")
    assert 1_000 < len(message) < 10_000


def test_only_new_objects_are_bundled(stage: Stage, tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(200_000))
    stage.base = make_repository(tmp_path / "repository", {"noise": noise.read_bytes().hex()})
    report = stage.run("echo a >a.txt\n" + PASSED)
    assert report["commit"]
    assert (stage.directory / "delivery.bundle").stat().st_size < 10_000
