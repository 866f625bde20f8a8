"""The attempt's own git repository: it reads the project's objects, owns all else, and is read with suspicion."""

import re
from pathlib import Path
from typing import NamedTuple

from podium.runner import files, shortage
from podium.runner.git import Git, GitFailedError
from podium.runner.spec import Spec

EXCLUDED = "__pycache__/\n*.pyc\n.pytest_cache/\nnode_modules/\n.venv/\n.DS_Store\n"
"""Droppings of tools, for `.git/info/exclude`: never part of what is delivered unless somebody adds them by force."""

MESSAGE_CHARS_MAX = 8_000
_NESTED_MAX = 100
# What `git add` says of a repository inside the repository, without and with a commit of its own.
_NESTED = re.compile(r"adding embedded git repository: (.+)|'(.+)/' does not have a commit checked out")
# Files in .git that make git obey somebody else, or go on with an operation that the agent left unfinished.
_MISLEADING = (
    *("config.worktree", "info/attributes", "info/grafts", "commondir", "shallow"),
    *("MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "SQUASH_MSG", "CHERRY_PICK_HEAD", "REVERT_HEAD"),
)


class Work(NamedTuple):
    """What the clone holds after the agent: one commit, and how it stands to the base."""

    commit: str
    descends: bool
    """False when the history that was given has been rewritten."""
    is_new: bool
    """Whether the commit is another than the base."""
    differs: bool
    """Whether its files differ from the base's."""


class Clone:
    """Makes, reads and saves one attempt's repository. Every method raises GitFailedError."""

    def __init__(self, spec: Spec, git: Git) -> None:
        self._spec, self._git = spec, git
        self._dir = spec.clone / ".git"

    def make(self) -> None:
        """Check out the base on the attempt's branch.

        However long the history, none of it is copied: the clone reads the project's objects where they are
        (gitrepository-layout(5), `objects/info/alternates`) and writes its own elsewhere. Git changes nothing in an
        alternate but times, and Podium removes no object from a project, so neither can harm the other. A sandbox
        has to show that directory, read-only; a host without it has to keep a copy of the project's repository.
        """
        for part in ("objects/info", "objects/pack", "refs/heads/podium", "refs/tags", "info"):
            (self._dir / part).mkdir(parents=True)
        self._write_own()
        (self._dir / "HEAD").write_text(f"ref: refs/heads/{self._spec.branch}\n")
        (self._dir / "refs/heads" / self._spec.branch).write_text(self._spec.base + "\n")
        self._git.get("read-tree", "-m", "-u", self._spec.base)

    def take_back(self) -> None:
        """After the agent: our configuration again, without what changes git's mind or what a killed git left."""
        self._git.heeds_stop = False
        if self._dir.is_symlink() or not self._dir.is_dir():
            raise GitFailedError("the clone's .git directory is gone")
        for name in _MISLEADING:
            (self._dir / name).unlink(missing_ok=True)
        for pattern in ("*.lock", "refs/**/*.lock", "objects/??/tmp_obj_*", "objects/pack/tmp_*"):
            for lock in self._dir.glob(pattern):
                lock.unlink(missing_ok=True)
        self._write_own()

    def work(self, message: str, is_partial: bool = False) -> Work:
        """Commit what is not committed, and say what there is now.

        With `is_partial`, files that cannot be read are left out: saving most is better than saving nothing. On a full
        disk none could be written, which is no reason to leave them out.
        """
        self._add_all(is_partial)
        flags = ("--quiet", "--no-verify", "--cleanup=verbatim", "--file=-")
        answer = self._git.ask(("commit", *flags), stdin=message[:MESSAGE_CHARS_MAX].encode())
        if answer.ended.status not in {0, 1}:  # 1: there is nothing to commit
            raise answer.complaint("commit")
        base = self._spec.base
        found = self._git.get("rev-parse", "HEAD", "HEAD^{tree}", f"{base}^{{tree}}", "HEAD^@")
        commit, tree, base_tree, *parents = found.split()
        descends = base in {commit, *parents} or self._descends(commit)
        return Work(commit, descends, commit != base, tree != base_tree)

    def bundle(self, work: Work) -> None:
        """Write `delivery.bundle` (gitformat-bundle(5)) with the commits since the base, durably."""
        header = "# v2 git bundle\n" if len(work.commit) == 40 else "# v3 git bundle\n@object-format=sha256\n"
        revisions = work.commit + "\n"
        if work.descends:
            header += f"-{self._spec.base} base\n"
            revisions += f"^{self._spec.base}\n"
        header += f"{work.commit} refs/heads/{self._spec.branch}\n\n"
        part = self._spec.bundle.with_suffix(".part")
        with part.open("wb") as file:
            file.write(header.encode())
            arguments = ("pack-objects", "--quiet", "--revs", "--thin", "--delta-base-offset", "--stdout")
            answer = self._git.ask(arguments, revisions.encode(), file.write)
        if not answer.is_good:
            raise answer.complaint("pack-objects")
        files.sync(part)
        part.replace(self._spec.bundle)

    def _write_own(self) -> None:
        """What git goes by, as it was when the clone was made."""
        sha256 = len(self._spec.base) == 64
        text = f"[core]\n\trepositoryformatversion = {int(sha256)}\n\tfilemode = true\n\tbare = false\n"
        text += "\tlogallrefupdates = true\n" + ("[extensions]\n\tobjectformat = sha256\n" if sha256 else "")
        self._put("config", text)
        self._put("info/exclude", EXCLUDED)
        theirs = str(Path(self._spec.repository, ".git", "objects"))
        for plain, quoted in (("\\", r"\\"), ('"', r"\""), ("\n", r"\n")):
            theirs = theirs.replace(plain, quoted)
        self._put("objects/info/alternates", f'"{theirs}"\n')
        cut = Path(self._spec.repository, ".git", "shallow")
        if cut.is_file():  # where the project's history was cut off before it came to Podium, it ends here, too
            self._put("shallow", cut.read_text("ascii"))

    def _put(self, name: str, text: str) -> None:
        """Write a file in .git, and not where a link leads that the agent has put in its place."""
        path = self._dir / name
        if path.parent.is_symlink():
            path.parent.unlink()
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text, "utf-8", "surrogateescape")

    def _add_all(self, is_partial: bool) -> None:
        """Stage everything. A repository that the agent made inside the repository becomes plain files."""
        arguments = ("add", "--all", *(("--ignore-errors",) if is_partial else ()))
        answer = self._git.ask(arguments)
        for _ in range(_NESTED_MAX):
            nested = [one or other for one, other in _NESTED.findall(answer.said)]
            if not nested:
                break
            for path in nested:
                self._flatten(path)
            answer = self._git.ask(arguments)
        if not answer.is_good and (not is_partial or shortage.is_full(self._spec.clone)):
            raise answer.complaint("add")

    def _flatten(self, path: str) -> None:
        aside = self._spec.directory / "nested"
        aside.mkdir(exist_ok=True, mode=files.PRIVATE_DIRECTORY)
        inner = self._spec.clone / path / ".git"
        if inner.is_symlink() or inner.exists():
            inner.rename(aside / str(len(list(aside.iterdir()))))
        self._git.ask(("rm", "--quiet", "--cached", "--force", "--", path))

    def _descends(self, commit: str) -> bool:
        answer = self._git.ask(("merge-base", "--is-ancestor", self._spec.base, commit))
        if answer.ended.status not in {0, 1}:
            raise answer.complaint("merge-base")
        return answer.is_good
