"""Takes a backup of a home that may be at work: the database first, then whatever its rows can name."""

from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from podium import __version__, config, credential
from podium.backup.archive import Writer, appearing, opener_of
from podium.backup.snapshot import copy, snapshot
from podium.domain.errors import NotFound, PodiumError, UsageError
from podium.domain.job import Job
from podium.hosts import cleaning
from podium.refusals import refusal
from podium.store.rows import Rows, sql
from podium.store.sqlite import connect
from podium.store.store import DATABASE
from podium.workspace import packing, worktree
from podium.workspace.layout import Home, entries
from podium.workspace.repository import MAIN


@dataclass(slots=True)
class Taken:
    """What a backup holds."""

    file: str
    bytes: int = 0
    members: int = 0
    projects: int = 0
    repositories: int = 0
    logs: int = 0
    events: int = 0
    schema: int = 0
    notes: list[str] = field(default_factory=list[str])
    """What is not in it, for people."""


@dataclass(slots=True)
class _Taking:
    home: Home
    writer: Writer
    scratch: Path
    taken: Taken
    _mains: dict[str, str] = field(default_factory=dict[str, str])
    _running: set[str] = field(default_factory=set[str])

    async def all(self, *, logs: bool) -> None:
        """Everything, in the order in which a restored home can rely on it."""
        with snapshot(self.home.path) as rows:
            await self.note(rows)
            copy(rows, self.scratch / DATABASE)
        self.writer.add(DATABASE, self.scratch / DATABASE)
        self.configuration()
        with closing(connect(self.scratch / DATABASE, read_only=True)) as connection:
            for project, _ in connection.execute(sql("project_states")):
                await self.project(project)
                if logs:
                    self.logs(project)

    async def note(self, rows: Rows) -> None:
        """Where the open projects' main branches stand at that moment: later they know more than the rows do."""
        for (project,) in rows.all("projects_open"):
            repository = self.home.repository(project)
            begun = (repository / ".git").is_dir()  # one that begins later has none yet
            main = await worktree.read_ref(repository, MAIN) if begun else None
            if main is not None:
                is_untried = partial(_is_untried, rows)
                self._mains[project] = await packing.main_before(repository, project, main, is_untried)
        self._running = {f"{job.project}/{job.id}.a{job.attempt}" for job in map(Job._make, rows.all("jobs_running"))}
        (self.taken.events,), (self.taken.schema,) = rows.one("event_last"), rows.one("schema_version")

    def configuration(self) -> None:
        """The home's settings and, if it has one, its pipeline."""
        settings = config.load(self.home.path)
        if settings.database_url:
            self.taken.notes.append(refusal("state of its own"))
        self.writer.add(config.FILE, self.settings(settings))
        named = settings.pipeline
        path = self.home.path / named
        if named and path.resolve().parent == self.home.path:
            self.writer.add("pipeline", path)
        elif named:
            self.taken.notes.append(f"The pipeline {path} is not directly in the home: keep a copy of it yourself.")

    def settings(self, settings: config.Config) -> Path:
        """Without the URL of a database that nodes share: who makes a home of the backup must not write there."""
        file = self.home.path / config.FILE
        if not (url := settings.store.url):
            return file
        kept = (line for line in file.read_text("utf-8").splitlines(keepends=True) if url not in line)
        (self.scratch / config.FILE).write_text("".join(kept), "utf-8")
        if config.load(self.scratch) != settings.model_copy(update={"store": config.StoreConfig()}):
            raise UsageError(refusal("URL among settings", file=file))
        return self.scratch / config.FILE

    async def project(self, project: str) -> None:
        """Its repository and what it published."""
        self.taken.projects += 1
        repository = self.home.repository(project)
        if (repository / ".git").is_dir():
            try:
                files = await packing.pack(repository, self._mains.get(project), self.scratch / "repository")
            except PodiumError as error:
                if project in self._mains:
                    raise
                self.taken.notes.append(f"The repository of the ended project {project} cannot be read: {error}")
            else:
                for kind, file in zip(("pack", "refs"), files, strict=True):
                    self.writer.add(f"repositories/{project}.{kind}", file)
                self.taken.repositories += 1
            for file in self.scratch.glob("repository*"):
                file.unlink()
        outputs = self.home.project(project) / "outputs"
        for path in sorted(outputs.rglob("*")):
            if path.is_file():  # the writer passes links over
                self.writer.add(f"outputs/{project}/{path.relative_to(outputs).as_posix()}", path)

    def logs(self, project: str) -> None:
        """The logs of ended attempts; those at work have a clone that no backup can hold."""
        for attempt in entries(self.home.attempts / project):
            names = {entry.name for entry in entries(attempt.path)}
            name = f"{project}/{attempt.name}"
            if cleaning.UNFINISHED in names or name in self._running:
                continue
            for file in sorted(names & cleaning.KEPT_OF_LOST):
                self.taken.logs += self.writer.add(f"attempts/{name}/{file}", Path(attempt.path, file))


async def take(home_path: Path, file: Path, wall: float, *, logs: bool) -> Taken:
    """Write the backup. Raises NotFound, Conflict, UsageError, Unavailable and whatever the file system does."""
    opener_of(file)
    if config.load(home_path).database_url and not (home_path / credential.FILE).exists():
        raise NotFound(refusal("no shared home", home=home_path))
    taken = Taken(str(file))
    with appearing(file) as part, closing(Writer(part)) as writer:
        taking = _Taking(Home(home_path), writer, part.parent, taken)
        await taking.all(logs=logs)
        taken.members, taken.bytes = writer.members, writer.bytes
        made_at = datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")
        writer.finish({"podium": __version__, "made_at": made_at, **asdict(taken)})
    return taken


def _is_untried(rows: Rows, job_id: int) -> bool:
    """Whether a job had not begun: its merge happened later than these rows."""
    row = rows.one("job_by_id", (job_id,))
    return row is None or Job._make(row).attempt == 0
