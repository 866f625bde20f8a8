"""Keeps projects on GitHub in step with their local repositories: level-triggered, each write looked for first (GIT-3).

What is to be there follows from the store and from the main branch here; what is there is asked. A write's marker is
recorded before the call, so that its echo starts nothing and a crash between the two leaves no double (GIT-5).
"""

import base64
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from gidgethub import BadRequest, GitHubException, RateLimitExceeded
from gidgethub.sansio import DOMAIN

from podium.config import GitHubConfig
from podium.domain.command import Arrive
from podium.domain.errors import PodiumError
from podium.domain.job import PODIUM_QUEUE, Job
from podium.engine.service import Service
from podium.integrations.github.client import Api
from podium.integrations.github.deliveries import MARK
from podium.ports import Clock
from podium.store.rows import Rows
from podium.store.store import Store
from podium.workspace import git
from podium.workspace.layout import Home
from podium.workspace.repository import TRAILER

EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
GOOD: Final = frozenset({"success", "neutral", "skipped"})
PAUSE_SECONDS_MAX: Final = 900.0
"""The longest that a GitHub in trouble is left alone; it begins with the interval and doubles (REC-6)."""
SWEPT: Final = (
    ("issues", "opened", "issues?state=open"),
    ("pull_request", "closed", "pulls?state=closed"),
    ("release", "published", "releases?"),
)
"""What a sweep looks for: the newest of each list, and the delivery that tells of it."""
SWEPT_MAX: Final = 100
HOOK_EVENTS: Final = (
    "issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "release",
    "check_suite", "workflow_run", "deployment_status", "repository_dispatch",
)  # fmt: skip

TABLE: Final = ("| Step | By | Attempts | Cost | Said |", "|---|---|---|---|---|")

Receive = Callable[[str, str, Mapping[str, Any]], Awaitable[object]]
"""Takes in a delivery: its key, its event and its payload."""

_log = logging.getLogger(__name__)


class Forge(Service):
    """Looks at every project that is not wholly on GitHub yet, one after another."""

    def __init__(self, home: Path, config: GitHubConfig, environ: Mapping[str, str], store: Store, clock: Clock,
                 receive: Receive) -> None:  # fmt: skip
        super().__init__(clock)
        self._home, self._config, self._store, self._receive = Home(home), config, store, receive
        self._secret = environ.get("PODIUM_GITHUB_WEBHOOK_SECRET", "")
        self._api = Api(environ.get("PODIUM_GITHUB_API_URL", DOMAIN), environ["PODIUM_GITHUB_TOKEN"], clock.sleep)
        self._failures, self._swept_at = 0, float("-inf")

    async def run_once(self) -> float:
        """One look; the seconds until the next. Trouble of GitHub's is waited out, ever longer."""
        try:
            projects = await self._store.read(lambda rows: [row[0] for row in rows.all("projects_off_github")])
            if self.clock.now() - self._swept_at >= self._config.sweep_seconds:
                for name in (*self._config.inbox, *(f"{self._config.owner}/{project}" for project in projects)):
                    await self._sweep(f"/repos/{name}")
                self._swept_at = self.clock.now()
            for project in projects:
                try:
                    await self._mirror(await self._store.read(lambda rows, project=project: Facts(rows, project)))
                except RateLimitExceeded:
                    raise
                except BadRequest as error:  # its own trouble, and no other project's
                    _log.warning("%s on GitHub: %s", project, error)
            self._failures = 0
        except (GitHubException, PodiumError, OSError) as error:
            _log.warning("GitHub is left alone for a time: %s", error)
            self._failures += 1
        return min(self._config.interval_seconds * 2.0**self._failures, PAUSE_SECONDS_MAX)

    async def _sweep(self, place: str) -> None:
        """Take in what is there and was never delivered, as if it were now: each effect is had once (GIT-1)."""
        repository = await self._api.find(place)
        for event, action, path in SWEPT if repository else ():
            for one in await self._api.getitem(f"{place}/{path}&per_page={SWEPT_MAX}"):
                key = f"github:sweep/{event}/{one['id']}"
                if await self._known(key) is None and not (event == "issues" and "pull_request" in one):
                    told = {**one, "merged": bool(one.get("merged_at"))}
                    payload = {"action": action, event.removesuffix("s"): told, "repository": repository}
                    await self._receive(key, event, payload)

    async def _known(self, key: str) -> dict[str, Any] | None:
        row = await self._store.read(lambda rows: rows.one("outside_by_key", (key,)))
        return json.loads(row[0]) if row else None

    async def _mark(self, key: str, project: str, **about: Any) -> dict[str, Any]:
        """Record what is known of a thing there, on top of what was known."""
        known = {**(await self._known(key) or {}), **about}
        await self._store.submit(Arrive(key, "mark", known, project, again=True))
        return known

    async def _once(self, facts: "Facts", key: str, url: str, job: int = 0, **data: Any) -> dict[str, Any]:
        """Make a thing there unless it is there: its marker is on record before, and stands in its text."""
        known, mark = await self._known(key), MARK.format(key)
        if known and "id" in known:
            return known
        made: Any = None
        if known is not None:  # a crash came between the marker and what is known of the call
            found = [one async for one in self._api.getiter(f"{url}?state=all&per_page=100")]
            made = next((one for one in found if mark in (one.get("body") or "")), None)
        await self._mark(key, facts.id)
        made = made or await self._api.post(url, data={**data, "body": f"{data['body']}\n\n{mark}"})
        if number := made.get("number", 0):
            await self._mark(f"gh:#{self._config.owner}/{facts.id}#{number}".lower(), facts.id, job=job)
        return await self._mark(key, facts.id, id=made["id"], number=number)

    async def _mirror(self, facts: "Facts") -> None:
        place = f"/repos/{self._config.owner}/{facts.id}"
        if not (self._home.repository(facts.id) / ".git").is_dir() or not await self._repository(facts, place):
            return
        for item, (title, body) in facts.issues.items():
            key, job = f"gh:{facts.id}/issue/{item}", facts.merges.get(item, 0)
            await self._once(facts, key, f"{place}/issues", job, title=title, body=body)
        is_whole = await self._commits(facts, place)
        await self._progress(facts, is_over=is_whole and facts.state == "complete")
        if is_whole and facts.state == "complete":
            told = {"tag_name": "v1", "target_commitish": "main", "name": f"{facts.title} v1", "body": facts.notes()}
            await self._once(facts, f"gh:{facts.id}/release/v1", f"{place}/releases", 0, **told)
            await self._mark(f"gh:{facts.id}/done", facts.id, runs=len(facts.states))

    async def _repository(self, facts: "Facts", place: str) -> bool:
        """Make the repository and its webhook; False for one of that name that is not Podium's."""
        key = f"gh:@{self._config.owner}/{facts.id}".lower()
        known = await self._known(key)
        if known is None and await self._api.find(place) is not None:
            words = f"{{project}} stays on this machine: {place} is on GitHub already, and not of Podium's making."
            await self._store.submit(Arrive(f"gh:{facts.id}/taken", "trouble", {}, facts.id, notice=words))
            return False
        if known and "made" in known:
            return True
        await self._mark(key, facts.id)
        if await self._api.find(place) is None:
            me = (await self._api.getitem("/user"))["login"].lower()
            where = "/user/repos" if me == self._config.owner.lower() else f"/orgs/{self._config.owner}/repos"
            told = {"name": facts.id, "description": facts.title[:300], "private": self._config.private}
            await self._api.post(where, data={**told, "auto_init": True})
        url = self._config.webhook_url
        if url and all(hook["config"].get("url") != url for hook in await self._api.getitem(f"{place}/hooks")):
            told = {"url": url, "content_type": "json", "secret": self._secret}
            await self._api.post(f"{place}/hooks", data={"name": "web", "config": told, "events": [*HOOK_EVENTS]})
        await self._mark(key, facts.id, made=True)
        return True

    async def _commits(self, facts: "Facts", place: str) -> bool:
        """Bring main's merges there in order, what agents made as pull requests; whether all of them are there."""
        key, path = f"gh:{facts.id}/main", self._home.repository(facts.id)
        known = await self._known(key) or {}
        shape = f"--format=%H %(trailers:key={TRAILER},valueonly,separator=%x20)"
        merges = [
            line.split()
            for line in (await git.get(path, "log", "--first-parent", "--reverse", shape, "main")).splitlines()
        ]
        at = next((n for n, (commit, *_) in enumerate(merges) if commit == known.get("local")), -1) + 1
        while at < len(merges):
            # A job that was sent back has merged again: all up to there mends what its checks found.
            last = max(n for n, (_, *named) in enumerate(merges) if n == at or (named and named == merges[at][1:]))
            commit, *named = merges[last]
            job = facts.jobs.get(int(named[0].rpartition("/")[2])) if named else None
            if job is None or job.workflow == "genesis":
                remote = await self._push(place, path, known, commit, facts.title, "main")
            elif not (remote := await self._pull(facts, place, known, job, commit)):
                return False
            known = await self._mark(key, facts.id, local=commit, remote=remote)
            at = last + 1
        return bool(merges)

    async def _pull(self, facts: "Facts", place: str, known: Mapping[str, Any], job: Job, commit: str) -> str:
        """The merge commit there of a job's pull request; empty while its checks are not green."""
        key, branch, path = f"gh:{facts.id}/pull/{job.id}", f"podium/{job.id}", self._home.repository(facts.id)
        head = await self._known(f"{key}/head") or {}
        if head.get("local") != commit:
            sha = await self._push(place, path, known, commit, facts.heading(job), branch)
            head = await self._mark(f"{key}/head", facts.id, local=commit, sha=sha, at=self.clock.wall())
        if head["sha"] == known["remote"]:  # nothing in it
            return head["sha"]
        told = {"title": facts.heading(job), "head": branch, "base": "main", "body": facts.body(job)}
        pull = f"{place}/pulls/{(await self._once(facts, key, f'{place}/pulls', job.id, **told))['number']}"
        merged = await self._api.getitem(pull)
        if not merged.get("merged"):
            found = await checks(self._api, place, head["sha"])
            if not all(found) or (not found and self.clock.wall() - head["at"] < self._config.checks_seconds):
                return ""
            merged = {"merge_commit_sha": (await self._api.put(f"{pull}/merge", data={"sha": head["sha"]}))["sha"]}
        if issue := await self._known(f"gh:{facts.id}/issue/{job.item}"):
            await self._api.patch(f"{place}/issues/{issue['number']}", data={"state": "closed"})
        return merged["merge_commit_sha"]

    async def _push(
        self, place: str, path: Path, known: Mapping[str, Any], commit: str, message: str, branch: str
    ) -> str:
        """A commit there with what `commit` changes, at the end of a branch: its id. No change is no commit.

        It goes over the same API as all else, so no git command is given a token.
        """
        parent = known.get("remote") or (await self._api.getitem(f"{place}/git/ref/heads/main"))["object"]["sha"]
        since = known.get("local") or EMPTY_TREE
        answer = await git.ask(path, "diff-tree", "-r", "-z", "--no-renames", since, commit, fine=git.SUCCESS)
        raw, tree = answer.out.decode("utf-8", "surrogateescape").split("\0"), list[dict[str, Any]]()
        for about, name in zip(raw[::2], raw[1::2], strict=False):
            before, after, _, blob, status = about.lstrip(":").split()
            sha = await self._blob(place, path, blob) if status != "D" else None
            tree.append({"path": name, "mode": after if sha else before, "type": "blob", "sha": sha})
        if not tree:
            return parent
        base = {"base_tree": (await self._api.getitem(f"{place}/git/commits/{parent}"))["tree"]["sha"]}
        made = await self._api.post(f"{place}/git/trees", data={"tree": tree, **(base if "local" in known else {})})
        told = {"message": message, "tree": made["sha"], "parents": [parent]}
        sha = (await self._api.post(f"{place}/git/commits", data=told))["sha"]
        if await self._api.find(f"{place}/git/ref/heads/{branch}") is None:
            await self._api.post(f"{place}/git/refs", data={"ref": f"refs/heads/{branch}", "sha": sha})
        else:
            await self._api.patch(f"{place}/git/refs/heads/{branch}", data={"sha": sha, "force": branch != "main"})
        return sha

    async def _blob(self, place: str, path: Path, blob: str) -> str:
        content = base64.b64encode((await git.ask(path, "cat-file", "blob", blob, fine=git.SUCCESS)).out).decode()
        return (await self._api.post(f"{place}/git/blobs", data={"content": content, "encoding": "base64"}))["sha"]

    async def _progress(self, facts: "Facts", *, is_over: bool) -> None:
        """One comment on the issue that it came from, kept up to date; the issue is closed with the project."""
        origin, _, number = facts.source.removeprefix("github:").partition("#")
        if not facts.source.startswith("github:"):
            return
        key, words, issue = (
            f"gh:{facts.id}/comment",
            facts.progress(self._config.owner),
            f"/repos/{origin}/issues/{number}",
        )
        known = await self._once(facts, key, f"{issue}/comments", body=words)
        if known.get("told") != words:
            body = {"body": f"{words}\n\n{MARK.format(key)}"}
            await self._api.patch(f"/repos/{origin}/issues/comments/{known['id']}", data=body)
            await self._mark(key, facts.id, told=words)
        if is_over:
            await self._api.patch(issue, data={"state": "closed"})


async def checks(api: Api, place: str, head: str) -> list[bool]:
    """What checks a commit there, and whether each is done and found nothing wrong."""
    runs = (await api.getitem(f"{place}/commits/{head}/check-runs"))["check_runs"]
    status: dict[str, Any] = await api.find(f"{place}/commits/{head}/status") or {}
    said = [status.get("state") == "success"] if status.get("total_count") else []
    return [*said, *(run["conclusion"] in GOOD for run in runs)]


class Facts:
    """What the store says of a project, and the words that are made of it."""

    def __init__(self, rows: Rows, project: str) -> None:
        self.id, self.rows = project, rows
        row = rows.one("project_by_id", (project,))
        self.title, self.state, self.source = row[1], row[4], row[9]
        self.jobs = {job.id: job for job in map(Job._make, rows.all("jobs_whole_of_project", (project,)))}
        self.attempts = {number: rows.all("attempts_of_job", (number,)) for number in self.jobs}
        self.merges = {job.item: job.id for job in self.jobs.values() if job.item and job.queue == PODIUM_QUEUE}
        found = sorted(
            (at, key, json.loads(data)) for key, at, data in rows.all("artifacts_of_kind", (project, "issue"))
        )
        self.issues = {key: (str(told.get("title") or key), str(told.get("detail") or "")) for _, key, told in found}
        self.states = {name: state for name, state, *_ in rows.all("workflows_by_project", (project,))}
        self.outputs = [row[0] for row in rows.all("artifacts_of_kind", (project, "publication"))]

    def heading(self, job: Job) -> str:
        """What a pull request is called."""
        return self.issues.get(job.item, (f"{self.title}: {job.workflow} {job.step}",))[0]

    def body(self, job: Job) -> str:
        """Who did what of a piece of work, what it cost, and what its reviewer said."""
        lines = [
            "Every step passed its gates before this was merged.",
            "",
            "| Step | By | Attempts | Cost | Said |",
            "|---|---|---|---|---|",
        ]
        for one in self.jobs.values():
            if (one.workflow, one.item) == (job.workflow, job.item) and one.id <= job.id and self.attempts[one.id]:
                tried, cost = self.attempts[one.id], sum(row[12] or 0.0 for row in self.attempts[one.id])
                said = " ".join(tried[-1][8].replace("|", "/").split())[:200]
                lines.append(
                    f"| {one.step} | {one.instance} | {len(tried)} | {f'${cost:.2f}' if cost else '–'} | {said} |"
                )
        return "\n".join(lines)

    def progress(self, owner: str) -> str:
        """How far the project is."""
        where = ", ".join(f"{name} {state}" for name, state in self.states.items())
        done = sum(job.state == "passed" for job in self.jobs.values())
        return (
            f"**{self.title}** is {self.state}: {where}; {done} of {len(self.jobs)} jobs done. See {owner}/{self.id}."
        )

    def notes(self) -> str:
        """What a release says."""
        return "\n".join([f"{self.title}, built by Podium.", "", *(f"- {name}" for name in self.outputs)])
