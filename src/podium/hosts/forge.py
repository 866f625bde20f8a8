"""Keeps projects on GitHub in step with their local repositories: level-triggered, each write looked for first (GIT-3).

A new project gets a repository there. One that works on a repository that is there already gets pull requests in it,
and leaves their merge to its people.

What is to be there follows from the store and from the main branch here; what is there is asked. A write's marker is
recorded before the call, so that its echo starts nothing and a crash between the two leaves no double (GIT-5).
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from gidgethub import BadRequest

from podium.config import GitHubConfig
from podium.domain.command import Answered, Arrive
from podium.domain.errors import Conflict
from podium.engine.service import Service
from podium.hosts import trees
from podium.integrations.github.client import Api, App, Away
from podium.integrations.github.deliveries import MARK, table
from podium.integrations.webhooks import secret_text
from podium.policy.breaker import Breaker
from podium.ports import Clock
from podium.store.rows import Rows
from podium.store.store import Store
from podium.workspace import git
from podium.workspace.adoption import ADOPTED
from podium.workspace.layout import Home
from podium.workspace.repository import TRAILER

BREAKER: Final = "github"
REST_SECONDS_MAX: Final = 900.0
"""The longest rest of what GitHub refuses; it begins with the interval and doubles."""
REFUSALS_MAX: Final = 3
"""In a row; then a person is told."""
PROJECTS_MAX: Final = 200
"""At one look; the next goes on behind them."""
SWEPT_MAX: Final = 200
"""Repositories of Podium's making that one sweep looks at, the newest first."""
AHEAD_MAX: Final = 20
"""Merges that wait there for their checks, or for its people; what comes behind them waits here."""
BODY_CHARS_MAX: Final = 65_000
"""Of what is written there, before its mark: GitHub takes 65,536."""
LABELS: Final = ("podium-working", "podium-done")
"""Of the issue that a project came from: while it is worked on, and when all of it is there."""
REFUSED: Final = "{} was closed, not merged. What stands on it would bring it, and is yours to merge or to close."
"""Told where Podium merges by itself: it goes on when people have merged what brings what they refused."""
LIVE: Final = re.compile(r"[#@\[]|://|\bgh-", re.IGNORECASE)
"""What makes a title name people, close issues or skip checks (`[skip ci]`) with what directly follows it."""
TABLE: Final = Path(__file__).with_name("pull_request.md").read_text("utf-8").strip()

Receive = Callable[[str, str, Mapping[str, Any]], Awaitable[object]]
"""Takes in a delivery: its key, its event and its payload."""
Known = dict[str, Any]
"""What is on record of a thing there, under the key of its marker."""

_log = logging.getLogger(__name__)


class Forge(Service):
    """Looks at every project that is not wholly on GitHub yet, one after another."""

    def __init__(
        self, home: Path, config: GitHubConfig, environ: Mapping[str, str], store: Store, clock: Clock, receive: Receive
    ) -> None:
        super().__init__(clock)
        self._home, self._config, self._store, self._receive = Home(home), config, store, receive
        key = secret_text("", config.app_key, home, environ)
        app = App(str(config.app_id), key, config.owner) if config.app_id else None
        self._secret, self.api = environ.get("PODIUM_GITHUB_WEBHOOK_SECRET", ""), Api(environ, clock, app)
        self._swept_at, self._after, self._is_ill = float("-inf"), "", True
        self._resting: dict[str, tuple[int, float]] = {}

    async def run_once(self) -> float:
        """One look; the seconds until the next."""
        if self.clock.now() - self._swept_at >= self._config.sweep_seconds:
            known = await self._store.read(lambda rows: rows.all("repositories_on_github", (SWEPT_MAX,)))
            swept = (*((name, "") for name in self._config.inbox), *known)
            if all([await self._step("", f"sweep of {about[0]}", self._sweep, about) for about in swept]):
                self._swept_at = self.clock.now()
        projects = await self._names("projects_off_github", self._after, self.api.host, PROJECTS_MAX)
        self._after = projects[-1] if len(projects) == PROJECTS_MAX else ""
        for project in projects:
            if (self._home.repository(project) / ".git").is_dir():
                facts = await self._store.read(partial(Facts, project, self._config, self.api))
                begin = self._repository if facts.is_own else self._existing
                for part in (begin, self._issues, self._merges, self._progress, self._release) if facts.name else ():
                    if not await self._step(project, part.__name__.strip("_"), part, facts) or not facts.is_there:
                        break
        return max(self._config.interval_seconds, await self._shut())

    async def _names(self, statement: str, *about: Any) -> list[str]:
        return await self._store.read(lambda rows: [row[0] for row in rows.all(statement, about)])

    async def _shut(self) -> float:
        """Seconds for which GitHub is left alone: its breaker is open (REC-6)."""
        rows = await self._store.read(lambda rows: [row for row in rows.all("breakers") if row[0] == BREAKER])
        self._is_ill, now = bool(rows), self.clock.now()
        return max((row[3] - now for row in rows if Breaker(*row[:5]).state(now) == "open"), default=0.0)

    async def _step(self, project: str, name: str, part: Callable[[Any], Awaitable[None]], about: Any) -> bool:
        """Do one thing, whose trouble is no other's; False where it is GitHub's own, which its breaker counts.

        What fails rests, ever longer; a person is told of what fails again and again.
        """
        name = f"{project} {name}".strip()
        failures, until = self._resting.get(name, (0, 0.0))
        if self.clock.now() < until or (self._is_ill and await self._shut()):
            return self.clock.now() < until
        try:
            await part(about)
        except Away as trouble:
            _log.warning("%s: %s", name, trouble)
            self._is_ill = True
            await self._store.submit(Answered(BREAKER, str(trouble), trouble.seconds))
            return False
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the others go on
            _log.warning("%s on GitHub: %s: %s", name, type(trouble).__name__, trouble)
            rest = min(self._config.interval_seconds * 2.0 ** min(failures, 20), REST_SECONDS_MAX)
            self._resting[name] = failures + 1, self.clock.now() + rest
            if failures + 1 == REFUSALS_MAX:
                said = f"{name} on GitHub: {trouble}"[:1000]
                await self._store.submit(Arrive(f"gh:trouble/{name}", "mark", {}, project, notice=said))
        else:
            self._resting.pop(name, None)
            if self._is_ill:
                await self._store.submit(Answered(BREAKER))
        return True

    async def _sweep(self, about: tuple[str, str]) -> None:
        """Take in what is there and was never delivered, as if it were now: each effect is had once (GIT-1).

        Of another's repository only what was merged or released since Podium works on it.
        """
        name, since = about
        repository = await self.api.find(f"/repos/{name}")
        for delivery, row in table().items() if repository else ():
            event, _, action = delivery.partition(".")
            is_swept = "sweep" in row and not (since and event == "issues")
            for one in await self.api.pages(f"/repos/{name}/{row['sweep']}") if is_swept else ():
                key = f"github:sweep/{event}/{one['id']}"
                is_new = (one.get("merged_at") or one.get("published_at") or "") >= since
                if is_new and not await self._known(key) and not (event == "issues" and "pull_request" in one):
                    told = {**one, "merged": bool(one.get("merged_at"))}
                    payload = {"action": action, event.removesuffix("s"): told, "repository": repository}
                    await self._receive(key, event, payload)

    async def _known(self, key: str) -> Known:
        row = await self._store.read(lambda rows: rows.one("outside_by_key", (key,)))
        return json.loads(row[0]) if row else {}

    async def _mark(self, key: str, project: str, **about: Any) -> Known:
        """Record what is known of a thing there, on top of what was known."""
        known = {**await self._known(key), **about}
        await self._store.submit(Arrive(key, "mark", known, project, again=True))
        return known

    async def _once(self, facts: "Facts", key: str, url: str, job: int = 0, **data: Any) -> Known:
        """Make a thing there unless it is there: its marker is on record before, and ends its text."""
        known, mark, made = await self._known(key), MARK.format(key), None
        if "id" in known:
            return known
        if "begun" in known:  # a crash came between the marker and what is known of the call
            there, me = await self.api.pages(f"{url}?state=all"), await self.api.login()
            made = next((one for one in there if is_own(one, mark, me, data.get("head", ""))), None)
        await self._mark(key, facts.id, begun=True)
        made = made or await self.api.post(url, data={**data, "body": f"{data['body'][:BODY_CHARS_MAX]}\n\n{mark}"})
        if number := made.get("number", 0):
            await self._mark(f"gh:#{facts.name}#{number}".lower(), facts.id, job=job)
        return await self._mark(key, facts.id, id=made["id"], number=number)

    async def _repository(self, facts: "Facts") -> None:
        """Make the repository and its webhook; one of that name that is not Podium's is left alone."""
        key = f"gh:@{facts.name}".lower()
        known = await self._known(key)
        if "made" not in known:
            there = await self.api.find(facts.place)
            if there and "begun" not in known:
                raise Conflict(f"{facts.name} is there already, and not of Podium's making; {facts.id} stays here.")
            await self._mark(key, facts.id, begun=True)
            if not there:
                me = "" if self.api.app_id else (await self.api.login()).lower()
                where = "/user/repos" if me == self._config.owner.lower() else f"/orgs/{self._config.owner}/repos"
                told = {"name": facts.id, "description": facts.title[:300], "private": self._config.private}
                await self.api.post(where, data={**told, "auto_init": True})
            url, hooks = self._config.webhook_url, f"{facts.place}/hooks"
            if url and all(hook["config"].get("url") != url for hook in await self.api.getitem(hooks)):
                told = {"url": url, "content_type": "json", "secret": self._secret}
                events = sorted({name.partition(".")[0] for name in table()} - {"ignored"})
                await self.api.post(hooks, data={"name": "web", "config": told, "events": events})
            await self._mark(key, facts.id, made=True)
        facts.is_there = True

    async def _existing(self, facts: "Facts") -> None:
        """Begin in a repository that is there already, on the commit that was taken over from it."""
        known, mine = await self._known(key := f"gh:+{facts.id}"), self._config.owner.lower()
        if not known:
            there: Known = await self.api.find(facts.place) or {}
            may: Known = there.get("permissions") or {}
            is_open = facts.name.lower().startswith(f"{mine}/") if self.api.app_id else may.get("push")
            if not there or not is_open or there.get("archived"):
                raise Conflict(f"Podium may not push to {facts.name}; the work of {facts.id} stays here.")
            local = await git.get(self._home.repository(facts.id), "rev-parse", ADOPTED)
            on = f"gh:{facts.stem}/pull/%-{local[:8]}"  # what Podium merged has another id there
            found = await self._names("pull_of_commit", on) if facts.stem else [local]
            if not found:
                raise Conflict(f"{facts.name} has nothing yet on which {facts.id} stands; it waits for that.")
            await self._mark(f"gh:{facts.id}/main", facts.id, local=local, sha=found[0])
            since = "" if facts.stem else datetime.fromtimestamp(self.clock.wall(), UTC).isoformat()[:19]
            known = await self._mark(key, facts.id, name=there["full_name"], base=there["default_branch"], since=since)
        facts.base, facts.is_there = known["base"], True

    async def _issues(self, facts: "Facts") -> None:
        for item, title, body, job in facts.issues:
            await self._once(facts, f"gh:{facts.id}/issue/{item}", f"{facts.place}/issues", job, title=title, body=body)

    async def _merges(self, facts: "Facts") -> None:
        """Bring main's merges there in order, one pull request for each, which stands on the one before.

        They are merged up to the last whose checks are all good: what a job mended when it merged again is good there,
        and brings what was red before it. The first that is red behind them goes back to its author (GIT-2).

        In another's repository a merged one settles those before it, too, which it brought; a closed one settles itself
        alone. What would bring it is then people's to merge, so that nothing that they refused comes in by itself.
        """
        key, path, heads = f"gh:{facts.id}/main", self._home.repository(facts.id), list[Known]()
        tip = known = await self._known(key) or {"sha": await self._head(facts, "main")}
        shape = f"--format=%H%x00%(trailers:key={TRAILER},valueonly,separator=%x20)%x00%s"
        which = f"{tip['local']}..main" if "local" in tip else "main"
        for line in (await git.get(path, "log", "--first-parent", "--reverse", shape, which)).splitlines():
            if len(heads) < AHEAD_MAX and (head := await self._pull(facts, tip, *line.split("\0", 2))):
                heads.append(tip := head)
        pulls = [await self.api.getitem(f"{facts.place}/pulls/{one['number']}") for one in heads if not facts.is_own]
        names = [f"{facts.name}#{pull['number']}" for pull in pulls]
        facts.where = ", ".join(names) or facts.name
        for pull in pulls[-1:] if facts.is_complete and facts.issue else ():  # what somebody else wrote there stays
            body = (was := pull["body"] or "").replace(f"Part of {facts.issue}.", f"Closes {facts.issue}.", 1)
            if body != was and pull["state"] == "open":
                await self.api.patch(f"{facts.place}/pulls/{pull['number']}", data={"body": body})
        brought = max((n for n, pull in enumerate(pulls, 1) if pull.get("merged")), default=0)
        closed = [n for n, pull in enumerate(pulls[brought:], brought) if pull["state"] == "closed"]
        settled = good = next(n for n in range(brought, len(pulls) + 1) if n not in closed)
        left = [] if brought else [one for one in known.get("closed", ()) if one not in names]
        facts.closed, red = [*left, *(names[n] for n in closed)], None
        for one in (names[n] for n in closed if facts.merges):
            await self._store.submit(Arrive(f"gh:closed/{one}", "mark", {}, facts.id, notice=REFUSED.format(one)))
        for n, head in reversed(list(enumerate(heads, 1))[good:]):
            found = {verdict for verdict, _ in await self.api.checks(facts.place, head["sha"])}
            if found == {True} or (not found and self.clock.wall() - head["at"] >= self._config.checks_seconds):
                good = n if facts.merges and not facts.closed else good
                break
            red = head if False in found else None  # what is not known yet is known first
        for n, head in enumerate(heads[:good]):
            await self._merge(facts, head, is_settled=n < settled)
            known = await self._mark(key, facts.id, local=head["local"], sha=head["sha"], closed=facts.closed)
        if red and not await self._known(told := f"github:checks/{red['sha']}"):
            failed = await self.api.checks(facts.place, red["sha"], with_logs=True)
            log = "\n\n".join(said for verdict, said in failed if verdict is False)
            app, url = {"name": "of its pull request"}, f"{facts.name}#{red['number']}"
            suite = {"head_branch": red["branch"], "conclusion": "failure", "url": url, "log": log, "app": app}
            payload = {"action": "completed", "check_suite": suite, "repository": {"full_name": facts.name}}
            await self._receive(told, "check_suite", payload)
        facts.is_over = facts.is_complete and good == len(heads) < AHEAD_MAX
        facts.is_all = facts.is_over and not facts.closed and (facts.is_own or "closed" in known)

    async def _head(self, facts: "Facts", branch: str) -> str:
        """The commit at the end of a branch there; empty for no such branch."""
        found = await self.api.find(f"{facts.place}/git/ref/heads/{branch}")
        return found["object"]["sha"] if found else ""

    async def _pull(self, facts: "Facts", tip: Known, commit: str, named: str, subject: str) -> Known | None:
        """A merge's branch and pull request, on top of the one before; None where it changes nothing."""
        number = int(named.partition("/")[2].partition(" ")[0] or 0)
        of = await self._store.read(lambda rows: rows.one("github_pull", (number, subject)))
        number, item, title, branch = of[0], of[1], plain(of[2]), f"podium/{of[0]}-{commit[:8]}"
        key = f"gh:{facts.id}/pull/{branch[7:]}"
        known = await self._known(key)
        if "sha" not in known:
            sha = await self._push(facts, tip, commit, title, branch)
            about = {"branch": branch, "item": item, "at": self.clock.wall()} if sha else {}
            known = await self._mark(key, facts.id, local=commit, sha=sha or tip["sha"], **about)
        if "branch" in known and "id" not in known:
            part = f"Part of {facts.issue}.\n\n" if facts.issue else ""
            body = part + "\n".join((TABLE, *await self._names("github_steps", number)))
            told = {"title": title, "head": branch, "base": facts.base, "body": body}
            known = await self._once(facts, key, f"{facts.place}/pulls", number, **told)
        return known if "branch" in known else None  # which is on record for what stands on it

    async def _merge(self, facts: "Facts", head: Known, *, is_settled: bool) -> None:
        pull = f"{facts.place}/pulls/{head['number']}"
        if not is_settled and not (await self.api.getitem(pull)).get("merged"):
            await self.api.put(f"{pull}/merge", data={"sha": head["sha"]})
        if issue := await self._known(f"gh:{facts.id}/issue/{head['item']}"):
            with suppress(BadRequest):  # somebody else has removed or locked it
                await self.api.patch(f"{facts.place}/issues/{issue['number']}", data={"state": "closed"})
        await self._mark(f"gh:{facts.id}/pull/{head['branch'][7:]}", facts.id, merged=True)

    async def _push(self, facts: "Facts", tip: Known, commit: str, message: str, branch: str) -> str:
        """A commit there with what `commit` changes, as a branch: its id, empty where it changes nothing."""
        if there := await self._head(facts, branch):  # of a look that ended before it was on record
            return there
        place, on, since = facts.place, dict[str, str](), tip.get("local", trees.EMPTY)
        if "local" in tip:  # at first it is as GitHub made it
            on["base_tree"] = (await self.api.getitem(f"{place}/git/commits/{tip['sha']}"))["tree"]["sha"]
        tree = await trees.bring(self.api, place, self._home.repository(facts.id), since, commit, **on)
        if not tree:
            return ""
        told = {"message": message, "tree": tree, "parents": [tip["sha"]]}
        sha = (await self.api.post(f"{place}/git/commits", data=told))["sha"]
        await self.api.post(f"{place}/git/refs", data={"ref": f"refs/heads/{branch}", "sha": sha})
        return sha

    async def _progress(self, facts: "Facts") -> None:
        """One comment on the issue that it came from, kept up to date, and a label; the project's end closes it, once.

        In another's repository the last pull request does that, unless it was merged before all was complete.
        """
        key, comments = f"gh:{facts.id}/comment", f"/repos/{facts.origin}/comments"
        words = f"{facts.progress} See {facts.where}." + " All of it is there." * facts.is_all
        words += f" Closed, not merged: {', '.join(facts.closed)}." * bool(facts.closed)
        known = await self._known(key)
        if facts.origin and known.get("told") != words:
            if facts.is_all and not known.get("shut"):
                await self.api.patch(f"/repos/{facts.origin}", data={"state": "closed"})
            with suppress(BadRequest):  # its rules may allow no label
                labels = f"/repos/{facts.origin}/labels"
                if facts.is_all or not facts.is_over:
                    await self.api.post(labels, data={"labels": [LABELS[facts.is_all]]})
                if facts.is_over:
                    await self.api.delete(f"{labels}/{LABELS[0]}")
            if "id" in known:
                comment = f"/repos/{facts.origin.rpartition('/')[0]}/comments/{known['id']}"
                await self.api.patch(comment, data={"body": f"{words}\n\n{MARK.format(key)}"})
            else:
                await self._once(facts, key, comments, body=words)
            await self._mark(key, facts.id, told=words, shut=facts.is_all or known.get("shut", False))

    async def _release(self, facts: "Facts") -> None:
        if facts.is_over and facts.is_own:
            told = {"tag_name": "v1", "target_commitish": "main", "name": f"{facts.title} v1", "body": facts.progress}
            await self._once(facts, f"gh:{facts.id}/release/v1", f"{facts.place}/releases", 0, **told)
        if facts.is_over:
            await self._mark(f"gh:{facts.id}/done", facts.id, runs=facts.runs)


def is_own(there: Known, mark: str, me: str, branch: str) -> bool:
    """Whether Podium made it, by what nobody can quote: a pull request's branch there, the author of all else."""
    by: Known = there.get("user") or there.get("author") or {}
    is_mine = by.get("login") == me
    if branch:
        head, base = there["head"], there["base"]["repo"]
        is_mine = head["ref"] == branch and head["repo"] is not None and head["repo"]["id"] == base["id"]
    return is_mine and (there.get("body") or "").rstrip().endswith(mark)


def plain(title: str) -> str:
    """A title, whoever wrote it, that reads as it did, on one line, and does nothing there."""
    return LIVE.sub("\\g<0>\u200b", " ".join(title.split()))


class Facts:
    """What the store says of a project."""

    def __init__(self, project: str, config: GitHubConfig, api: Api, rows: Rows) -> None:
        self.id, row = project, rows.one("github_project", (project,))
        self.title, self.is_complete, self.origin, self.runs, state, url, self.stem = row
        self.is_own = not url
        """Whether its repository there is of Podium's making, for it alone; else for the project `stem`, if any."""
        made = f"{config.owner}/{self.stem or project}" if self.is_own or self.stem else ""
        self.name = self.where = made or api.repository(url)
        """Its repository there, and where in it to look; empty where it has none."""
        self.place, self.base, self.merges = f"/repos/{self.name}", "main", bool(made) or config.merge_existing
        self.issue = "" if self.is_own else self.origin.replace("/issues/", "#")
        """What its pull requests are a part of, as GitHub names it."""
        self.progress = f"**{plain(self.title)}** is {state} jobs done."
        self.issues = rows.all("github_issues", (project,)) if self.is_own else ()
        self.is_there = self.is_over = self.is_all = False
        """Whether its repository is there. It is over when it is complete, and nothing of it waits there."""
        self.closed = list[str]()
        """Its pull requests that people closed, and no later one brought; without one it is all there (`is_all`)."""
