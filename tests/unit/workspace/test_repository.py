"""Repositories hold what agents delivered, and main moves only by merges that can be done again without harm."""

import asyncio
from pathlib import Path

import pytest

from podium.domain.errors import UsageError
from podium.workspace import worktree
from podium.workspace.layout import Home
from podium.workspace.merging import MergeConflict
from podium.workspace.repository import Merged, Repositories, Superseded
from tests.unit.workspace.work import PROJECT, commit, files_of, git, main_of

KEY = "hello/12"


def always() -> bool:
    return True


@pytest.fixture
def root(repositories: Repositories, loop: asyncio.Runner) -> str:
    loop.run(repositories.create(PROJECT))
    return loop.run(repositories.main(PROJECT))


def merge(loop: asyncio.Runner, repositories: Repositories, *commits: str, key: str = KEY) -> str:
    merged = loop.run(repositories.merge(PROJECT, commits, key, "Merge it", always))
    assert isinstance(merged, Merged)
    return merged.commit


class TestCreating:
    def test_it_is_the_same_however_often(self, repositories: Repositories, home: Home, loop: asyncio.Runner) -> None:
        async def all_at_once() -> None:
            await asyncio.gather(*(repositories.create(PROJECT) for _ in range(5)))

        loop.run(all_at_once())
        first = main_of(home)
        assert loop.run(Repositories(home).main(PROJECT)) == first
        assert git(home.repository(PROJECT), "log", "--format=%s by %an") == "Begin hello by Podium"
        assert git(home.repository(PROJECT), "status", "--porcelain") == ""

    def test_what_a_crash_left_is_begun_again(
        self, repositories: Repositories, home: Home, loop: asyncio.Runner
    ) -> None:
        part = home.project(PROJECT) / ".repository.part"
        part.mkdir(parents=True)
        (part / "HEAD").write_text("garbage")
        loop.run(repositories.create(PROJECT))
        assert main_of(home)
        assert not part.exists()

    def test_projects_differ(self, repositories: Repositories, root: str, loop: asyncio.Runner) -> None:
        assert loop.run(repositories.main("other")) != root


class TestIntegrating:
    def test_nothing_is_main(self, repositories: Repositories, root: str, loop: asyncio.Runner) -> None:
        assert loop.run(repositories.integrate(PROJECT, ())) == root

    def test_one_commit_is_itself(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        one = commit(home, tmp_path, root, {"a": "a"})
        two = commit(home, tmp_path, one, {"b": "b"})
        assert loop.run(repositories.integrate(PROJECT, [two])) == two
        assert loop.run(repositories.integrate(PROJECT, [one, two, one])) == two

    def test_several_are_merged_to_the_same_id_each_time(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        made = [commit(home, tmp_path, root, {name: name}) for name in "abc"]
        whole = loop.run(repositories.integrate(PROJECT, made))
        assert isinstance(whole, str)
        assert files_of(home, whole) == {"a", "b", "c"}
        assert loop.run(repositories.integrate(PROJECT, made)) == whole
        assert git(home.repository(PROJECT), "rev-parse", f"refs/podium/integrated/{whole}") == whole

    def test_conflicts_name_their_files(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        made = [commit(home, tmp_path, root, {"ünï code.txt": text, "fine": "same"}) for text in ("one\n", "two\n")]
        assert loop.run(repositories.integrate(PROJECT, made)) == MergeConflict(("ünï code.txt",))

    def test_main_is_in_it_where_it_merges(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        tests = commit(home, tmp_path, root, {"tests": "t"})
        merge(loop, repositories, commit(home, tmp_path, root, {"other": "o"}))
        whole = loop.run(repositories.integrate(PROJECT, [tests]))
        assert isinstance(whole, str)
        assert files_of(home, whole) == {"tests", "other"}
        merge(loop, repositories, commit(home, tmp_path, main_of(home), {"tests": "different"}), key="hello/13")
        assert loop.run(repositories.integrate(PROJECT, [tests])) == tests

    def test_only_commit_ids_are_taken(self, repositories: Repositories, root: str, loop: asyncio.Runner) -> None:
        with pytest.raises(UsageError):
            loop.run(repositories.integrate(PROJECT, ["--help"]))


class TestMerging:
    @pytest.mark.requirement("REC-8")
    def test_once_is_enough(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        made = [commit(home, tmp_path, root, {name: name}) for name in "ab"]
        first = merge(loop, repositories, *made)
        again = loop.run(repositories.merge(PROJECT, made, KEY, "Merge it", always))
        assert again == Merged(first, is_new=False)
        assert main_of(home) == first
        body = git(home.repository(PROJECT), "log", "-1", "--format=%an%n%B", first)
        assert body == "Podium\nMerge it\n\nPodium-Job: hello/12"
        assert {path.name for path in home.repository(PROJECT).iterdir()} == {".git", "a", "b"}

    def test_a_done_merge_is_found_by_its_whole_key(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        longer = merge(loop, repositories, commit(home, tmp_path, root, {"a": "a"}), key="hello/123")
        done = loop.run(repositories.merge(PROJECT, [root], KEY, "Merge it", always))
        assert done == Merged(longer, is_new=False)  # main itself: nothing names this key
        mine = commit(home, tmp_path, root, {"b": "b"}, "Spoof\n\nPodium-Job: hello/99")
        merged = merge(loop, repositories, mine)
        merge(loop, repositories, commit(home, tmp_path, root, {"c": "c"}), key="hello/124")
        assert loop.run(repositories.merge(PROJECT, [mine], KEY, "x", always)) == Merged(merged, is_new=False)
        assert loop.run(repositories.merge(PROJECT, [mine], "hello/99", "x", always)) == Merged(main_of(home), False)

    def test_a_retried_job_with_new_work_merges_again(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        merge(loop, repositories, commit(home, tmp_path, root, {"a": "a"}))
        merged = merge(loop, repositories, commit(home, tmp_path, root, {"b": "b"}))
        assert main_of(home) == merged
        assert files_of(home, "main") == {"a", "b"}

    def test_a_conflict_moves_nothing(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        merge(loop, repositories, commit(home, tmp_path, root, {"a": "one\n"}))
        before = main_of(home)
        theirs = commit(home, tmp_path, root, {"a": "two\n"})
        assert loop.run(repositories.merge(PROJECT, [theirs], "hello/13", "x", always)) == MergeConflict(("a",))
        assert main_of(home) == before
        assert (home.repository(PROJECT) / "a").read_text() == "one\n"

    @pytest.mark.requirement("REC-8")
    def test_a_superseded_attempt_moves_nothing(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        made = commit(home, tmp_path, root, {"a": "a"})
        assert loop.run(repositories.merge(PROJECT, [made], KEY, "x", lambda: False)) == Superseded()
        assert main_of(home) == root

    def test_many_at_once_all_arrive(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        made = [commit(home, tmp_path, root, {name: name}) for name in "abcdef"]

        async def all_at_once() -> None:
            # Two objects over one home: their locks know nothing of each other, only git's compare-and-swap does.
            pair = (repositories, Repositories(home))
            calls = (pair[n % 2].merge(PROJECT, [one], f"hello/{n}", "x", always) for n, one in enumerate(made))
            assert all(isinstance(done, Merged) for done in await asyncio.gather(*calls))

        loop.run(all_at_once())
        assert files_of(home, "main") == set("abcdef")
        assert len(git(home.repository(PROJECT), "rev-list", "--first-parent", "main").split()) == 7

    @pytest.mark.requirement("INS-4")
    def test_hooks_never_run(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        mark = tmp_path / "mark"
        hooks = home.repository(PROJECT) / ".git" / "hooks"
        hooks.mkdir()
        made = commit(home, tmp_path, root, {"a": "a"})
        for name in ("reference-transaction", "post-checkout", "post-index-change", "post-merge", "pre-commit"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
            (hooks / name).chmod(0o700)
        git(home.repository(PROJECT), "config", "core.hooksPath", str(hooks))
        git(home.repository(PROJECT), "config", "core.fsmonitor", str(hooks / "pre-commit"))
        merge(loop, repositories, made)
        assert not mark.exists()

    def test_many_packs_are_put_together(
        self,
        repositories: Repositories,
        home: Home,
        tmp_path: Path,
        root: str,
        loop: asyncio.Runner,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("podium.workspace.repository.PACKS_MAX", 2)
        for name in "abcd":
            merge(loop, repositories, commit(home, tmp_path, root, {name: name}), key=f"hello/{ord(name)}")
            git(home.repository(PROJECT), "repack", "-q")
        packs = list((home.repository(PROJECT) / ".git/objects/pack").glob("*.pack"))
        assert len(packs) <= 3
        git(home.repository(PROJECT), "fsck", "--strict")


class TestWorkingTree:
    def test_a_crash_before_the_files_followed_is_healed(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        made = commit(home, tmp_path, root, {"a": "a"})
        git(home.repository(PROJECT), "update-ref", "refs/heads/main", made, root)  # as if killed right here
        assert not (home.repository(PROJECT) / "a").exists()
        merge(loop, repositories, commit(home, tmp_path, made, {"b": "b"}))
        assert git(home.repository(PROJECT), "status", "--porcelain") == ""
        assert {path.name for path in home.repository(PROJECT).iterdir()} == {".git", "a", "b"}

    def test_a_crash_after_the_files_followed_is_healed(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        merged = merge(loop, repositories, commit(home, tmp_path, root, {"a": "a"}))
        git(home.repository(PROJECT), "update-ref", worktree.FOLLOWED, root)
        assert loop.run(worktree.follow_main(home.repository(PROJECT), merged))
        assert git(home.repository(PROJECT), "status", "--porcelain") == ""

    @pytest.mark.parametrize("name", ["a", "new"])
    def test_a_users_changes_stay(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner, name: str
    ) -> None:
        merge(loop, repositories, commit(home, tmp_path, root, {"a": "a\n"}))
        (home.repository(PROJECT) / name).write_text("mine\n")
        merge(loop, repositories, commit(home, tmp_path, main_of(home), {"a": "b\n", "new": "n\n"}), key="hello/13")
        assert (home.repository(PROJECT) / name).read_text() == "mine\n"
        (home.repository(PROJECT) / name).unlink()
        git(home.repository(PROJECT), "checkout", "--quiet", worktree.FOLLOWED, "--", "a")
        merge(loop, repositories, commit(home, tmp_path, main_of(home), {"c": "c"}), key="hello/14")
        assert git(home.repository(PROJECT), "status", "--porcelain") == ""

    def test_another_branch_is_left_alone(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        made = commit(home, tmp_path, root, {"a": "a"})
        git(home.repository(PROJECT), "checkout", "--quiet", "-b", "mine")
        merge(loop, repositories, made)
        assert not (home.repository(PROJECT) / "a").exists()
        assert git(home.repository(PROJECT), "branch", "--show-current") == "mine"

    def test_a_user_may_commit_on_main(
        self, repositories: Repositories, home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
    ) -> None:
        merge(loop, repositories, commit(home, tmp_path, root, {"a": "a"}))
        (home.repository(PROJECT) / "mine").write_text("mine")
        git(home.repository(PROJECT), "add", "mine")
        git(home.repository(PROJECT), "commit", "--quiet", "--message=Mine")
        merge(loop, repositories, commit(home, tmp_path, root, {"b": "b"}), key="hello/13")
        assert files_of(home, "main") == {"a", "b", "mine"}
        assert git(home.repository(PROJECT), "status", "--porcelain") == ""
