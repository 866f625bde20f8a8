"""What a reviewer sees is what the work brings into main: no more, no less, and bounded whatever an agent commits."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Complete, Verdict
from podium.domain.job import Lease
from podium.operations.diff import FILE_LINES_MAX, LINE_CHARS_MAX
from podium.workspace.changes import FILE_BYTES_MAX
from podium.workspace.layout import Home
from podium.workspace.repository import Merged, Repositories
from tests.unit.operations.desktop import Desktop
from tests.unit.workspace.work import commit, git

HOSTILE = "<img src=x>\n\x1b[31mred\u202e\ndiff --git a/x b/x\n@@ -1 +1 @@\n"
NAME = ":(top)ä '\" $(x)\t.py"
BIDDEN = Verdict("escalate", "this step needs an approval", review="approval")


class Work:
    """A project with a repository, and a job at work in it."""

    def __init__(self, desktop: Desktop, folder: Path) -> None:
        self.desktop, self.folder, self.home = desktop, folder, Home(desktop.home)
        (self.lease,) = desktop.desk.lease()
        self.project = self.lease.job.project
        self.repositories = Repositories(self.home)
        asyncio.run(self.repositories.create(self.project))
        self.repository = self.home.repository(self.project)

    def main(self) -> str:
        return git(self.repository, "rev-parse", "main")

    def commit(self, base: str, files: dict[str, str | None]) -> str:
        return commit(self.home, self.folder, base, files, project=self.project)

    def merge(self, made: str) -> None:
        merged = asyncio.run(self.repositories.merge(self.project, [made], "k/1", "Merge", lambda: True))
        assert isinstance(merged, Merged)

    def end(self, lease: Lease, made: str | None, *gates: Mapping[str, object]) -> None:
        """The attempt ends with this commit and these gates, and waits for an approval."""
        report = Report(Ending.FINISHED, "", "passed", "It is done", commit=made)
        folder = self.home.attempt(lease.name)
        folder.mkdir(parents=True)
        told = {"ending": "finished", "summary": "It is done", "gates": gates, "salvage": None, "started_at": 1.0}
        (folder / "exit.json").write_text(json.dumps(told))
        self.desktop.desk.do(Complete(lease.job.id, lease.job.attempt, BIDDEN, report, made))


@pytest.fixture
def work(desktop: Desktop, tmp_path: Path) -> Work:
    folder = tmp_path / "clones"
    folder.mkdir()
    return Work(desktop, folder)


@pytest.mark.requirement("REV-1")
def test_a_diff_is_what_the_work_brings_into_main_before_and_after_its_merge(work: Work) -> None:
    base = work.main()
    work.merge(work.commit(base, {"others.py": "1\n", "gone.py": "1\n"}))
    start = work.main()
    made = work.commit(start, {"a.py": "x = 1\ny = 2\n", "gone.py": None, NAME: HOSTILE})
    work.merge(work.commit(start, {"later.py": "1\n"}))
    failed = {"name": "tests", "outcome": "failed", "detail": "E  assert 1 == 2", "seconds": 2.0}
    work.end(work.lease, made, failed)
    told = work.desktop.ask("diff", job=work.lease.job.id)
    assert (told.commit, told.base, told.attempt) == (made, start, work.lease.name)
    assert [(f.path, f.added, f.removed) for f in told.files] == [(NAME, 4, 0), ("a.py", 2, 0), ("gone.py", 0, 1)]
    assert told.files[0].patch == "@@ -0,0 +1,4 @@\n" + "\n".join(f"+{line}" for line in HOSTILE.splitlines())
    assert told.files[1].patch == "@@ -0,0 +1,2 @@\n+x = 1\n+y = 2"
    assert [gate.model_dump() for gate in told.gates] == [failed]
    assert (told.summary, told.unfinished, told.added, told.removed) == ("It is done", False, 6, 1)
    work.merge(made)
    after = work.desktop.ask("diff", job=work.lease.job.id)
    assert (after.base, after.files) == (told.base, told.files), "the same when main holds it"
    page = work.desktop.ask("diff", job=work.lease.job.id, after=1, limit=1)
    assert ([f.path for f in page.files], page.files_total) == (["a.py"], 3)


@pytest.mark.requirement("REV-1")
def test_a_diff_is_bounded_and_nothing_in_the_repository_is_run(work: Work) -> None:
    files: dict[str, str | None] = {
        ".gitattributes": "* diff=evil\n",
        "big.txt": "x" * (FILE_BYTES_MAX + 1),
        "long.txt": "y" * (LINE_CHARS_MAX + 1) + "\n",
        "many.txt": "line\n" * 5000,
    }
    for name in ("external", "textconv", "command"):
        git(work.repository, "config", f"diff.evil.{name}", f"touch {work.folder}/ran;")
    git(work.repository, "config", "diff.external", f"touch {work.folder}/ran;")
    work.end(work.lease, work.commit(work.main(), files))
    found = {file.path: file for file in work.desktop.ask("diff", job=work.lease.job.id).files}
    assert (found["big.txt"].added, found["big.txt"].patch) == (None, "")
    assert found["long.txt"].cut
    assert len(found["long.txt"].patch.splitlines()[1]) == LINE_CHARS_MAX
    assert found["many.txt"].added == 5000
    assert len(found["many.txt"].patch.splitlines()) == FILE_LINES_MAX
    assert not (work.folder / "ran").exists()


def test_a_file_that_became_a_link_does_not_shift_the_others(work: Work) -> None:
    work.merge(work.commit(work.main(), {"a": "1\n", "b": "2\n"}))
    work.commit(work.main(), {"b": "3\n"})
    clone = max(work.folder.iterdir())
    (clone / "a").unlink()
    (clone / "a").symlink_to("b")
    git(clone, "commit", "--quiet", "--all", "--amend", "--no-edit")
    made = git(clone, "rev-parse", "HEAD")
    git(work.repository, "fetch", "--quiet", str(clone), "HEAD:refs/podium/attempts/link")
    work.end(work.lease, made)
    first, second = work.desktop.ask("diff", job=work.lease.job.id).files
    assert (first.path, second.path) == ("a", "b")
    assert second.patch == "@@ -1 +1 @@\n-2\n+3"


def test_work_that_is_gone_and_work_that_never_was_are_told_apart(work: Work) -> None:
    job = work.lease.job.id
    nothing = work.desktop.ask("diff", job=job)
    assert (nothing.commit, nothing.attempt, nothing.files, nothing.gates) == (None, "", [], [])
    work.end(work.lease, "f" * 40)
    gone = work.desktop.ask("diff", job=job)
    assert (gone.commit, gone.base, gone.files) == ("f" * 40, None, [])
    assert "no ended attempt 7" in work.desktop.refused("diff", job=job, attempt=7)
    assert "There is no job 99" in work.desktop.refused("diff", job=99)


def test_of_an_attempt_that_did_not_get_to_its_end_the_saved_work_is_shown(work: Work) -> None:
    made = work.commit(work.main(), {"half.py": "x\n"})
    job = work.lease.job
    git(work.repository, "update-ref", f"refs/podium/salvage/{job.id}.a{job.attempt}", made)
    work.end(work.lease, None)
    told = work.desktop.ask("diff", job=job.id)
    assert (told.unfinished, [file.path for file in told.files]) == (True, ["half.py"])


def test_a_review_is_asked_about_the_work_that_it_stands_on(work: Work) -> None:
    desk = work.desktop.desk
    lease = work.lease
    job = lease.job
    made = work.commit(work.main(), {"a.py": "x\n"})
    report = Report(Ending.FINISHED, "", "passed", "made", commit=made, artifacts=desk.made(lease))
    desk.do(Complete(job.id, job.attempt, Verdict("pass", "made"), report, made))
    after, *_ = desk.lease()
    told = work.desktop.ask("diff", job=after.job.id)
    assert (told.attempt, told.commit, [file.path for file in told.files]) == (lease.name, made, ["a.py"])
