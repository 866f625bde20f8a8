from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from podium.domain.command import Start, Verdict, Wake
from podium.integrations.shared_state import documents
from podium.integrations.shared_state.documents import ENTRIES_MAX
from podium.integrations.shared_state.mirror import COALESCE_SECONDS
from tests.unit.integrations.stage import (
    BEHIND_SECONDS_MAX,
    LOOK_SECONDS,
    POOL_FILES,
    Stage,
    checked,
    content,
    expected,
    found_within,
    issues,
    project_files,
    submission,
)

END_SECONDS = 2_000.0
SLACK_SECONDS = 1e-6


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "shared-state")


@pytest.mark.requirement("STA-1")
def test_the_tree_is_exactly_the_documented_one_and_keeps_its_schema(stage: Stage) -> None:
    async def story() -> None:
        for project in ("alpha", "beta"):
            await stage.submit(project)
        await stage.mirror.run_once()

    stage.play(story())
    assert stage.files() == {
        "instances/content-instances.json",
        "instances/dev-instances.json",
        "instances/genesis-instances.json",
        "projects/alpha/content-status.json",
        "projects/alpha/dev-progress.json",
        "projects/alpha/genesis-output.json",
        "projects/alpha/status.json",
        "projects/beta/content-status.json",
        "projects/beta/dev-progress.json",
        "projects/beta/genesis-output.json",
        "projects/beta/status.json",
        "queues/content-queue.json",
        "queues/development-queue.json",
        "queues/genesis-queue.json",
    }
    for name in stage.files():
        assert checked(stage.folder / name).seq == 4
    status = stage.json("projects/alpha/status.json")
    assert (status["kind"], status["id"], status["state"]) == ("project-status", "alpha", "open")
    assert stage.json("projects/alpha/dev-progress.json")["state"] is None
    assert [entry["project"] for entry in stage.json("queues/genesis-queue.json")["ready"]["entries"]] == [
        "alpha",
        "beta",
    ]
    pool = stage.json("instances/genesis-instances.json")
    assert [entry["name"] for entry in pool["instances"]["entries"]] == ["genesis-01", "genesis-02", "genesis-03"]
    assert (pool["total"], pool["busy"], pool["idle"]) == (3, 0, 3)


@pytest.mark.requirement("STA-1")
def test_every_file_is_at_most_a_second_behind_while_an_engine_builds_a_project(stage: Stage) -> None:
    """Each look at each file finds what was true at some moment of the second before."""
    history: deque[tuple[float, dict[str, dict[str, Any]]]] = deque()

    async def note_commits() -> None:
        while True:
            committed = stage.store.committed()
            history.append((stage.clock.now(), expected(stage, "alpha")))
            await committed

    def stale(now: float) -> list[str]:
        while len(history) > 1 and history[1][0] < now - BEHIND_SECONDS_MAX - SLACK_SECONDS:
            history.popleft()
        return [
            name
            for name in (*POOL_FILES, *project_files("alpha"))
            if content(stage.json(name)) not in [files[name] for _, files in history]
        ]

    async def story() -> None:
        engine = stage.engine()
        await engine.start()
        await engine.submit(submission("alpha"))
        stage.clock.spawn(note_commits(), "history")
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        looks = 0
        while stage.json("projects/alpha/status.json")["state"] == "open":
            assert stale(stage.clock.now()) == []
            assert stage.loop.time() < END_SECONDS
            await stage.clock.sleep(LOOK_SECONDS)
            looks += 1
        assert looks > 100
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        assert {name: content(stage.json(name)) for name in stage.files()} == expected(stage, "alpha")
        assert stage.mirror.trouble is None
        engine.stop()

    stage.play(story())


@pytest.mark.requirement("STA-1", "PIP-4")
def test_content_that_runs_again_is_told_beside_the_first_run(stage: Stage) -> None:
    async def story() -> None:
        engine = stage.engine(features=1)
        await engine.start()
        await engine.submit(submission("alpha"))
        open_ = partial(stage.database.rows.all, "projects_open")
        assert await found_within(stage, END_SECONDS, lambda: not open_())
        engine.stop()
        await stage.store.submit(Start("alpha", "content", "v1.1"))
        await stage.mirror.run_once()

    stage.play(story())
    status, content_ = (stage.json(f"projects/alpha/{name}.json") for name in ("status", "content-status"))
    runs = {name: run["state"] for name, run in status["workflows"].items() if name.startswith("content")}
    assert (status["state"], runs) == ("open", {"content": "CONTENT_COMPLETE", "content@2": "CONTENT_QUEUED"})
    assert content_["state"] == "CONTENT_QUEUED"
    assert {job["state"] for job in content_["jobs"]["entries"]} == {"ready", "waiting"}
    assert checked(stage.folder / "projects/alpha/content-status.json").seq > 0


@pytest.mark.requirement("STA-1")
def test_a_finished_project_says_what_was_made(stage: Stage) -> None:
    async def story() -> None:
        engine = stage.engine(features=2)
        await engine.start()
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await engine.submit(submission("alpha"))
        status = stage.folder / "projects/alpha/status.json"
        assert await found_within(
            stage, END_SECONDS, lambda: status.exists() and stage.json("projects/alpha/status.json")["state"] != "open"
        )
        engine.stop()

    stage.play(story())
    status = stage.json("projects/alpha/status.json")
    assert (status["state"], set(status["workflows"])) == ("complete", {"genesis", "development", "content"})
    genesis = stage.json("projects/alpha/genesis-output.json")
    assert genesis["state"] == "GENESIS_COMPLETE"
    assert [issue["key"] for issue in genesis["issues"]["entries"]] == ["0000-feature", "0001-feature"]
    development = stage.json("projects/alpha/dev-progress.json")
    assert {job["state"] for job in development["jobs"]["entries"]} == {"passed"}
    assert stage.json("projects/alpha/content-status.json")["state"] == "CONTENT_COMPLETE"


@pytest.mark.requirement("STA-1")
def test_thousands_of_jobs_give_bounded_files_that_say_so(stage: Stage) -> None:
    count = 3_000

    async def story() -> None:
        await stage.submit("big")
        await stage.pass_next("genesis-01")
        await stage.pass_next("genesis-02")
        await stage.pass_next("genesis-03", *issues(count))
        await stage.pass_next("podium-01")
        await stage.mirror.run_once()
        progress = stage.json("projects/big/dev-progress.json")
        ((jobs,),) = stage.database.connection.execute("SELECT count(*) FROM job WHERE workflow = 'development'")
        assert progress["jobs_open"] == jobs > count
        assert (len(progress["jobs"]["entries"]), progress["jobs"]["truncated"]) == (ENTRIES_MAX, True)

    stage.play(story())
    output = stage.json("projects/big/genesis-output.json")
    assert (len(output["issues"]["entries"]), output["issues"]["truncated"]) == (ENTRIES_MAX, True)
    assert all(checked(stage.folder / name) for name in stage.files())
    assert max((stage.folder / name).stat().st_size for name in stage.files()) < 512 * 1024


@pytest.mark.requirement("STA-1")
def test_a_queue_lists_its_first_thousand_in_dispatch_order(stage: Stage) -> None:
    async def story() -> None:
        for n in range(ENTRIES_MAX + 5):
            stage.store.submit(submission(f"project-{n:04d}"))
        await stage.submit("last")
        await stage.mirror.run_once()

    stage.play(story())
    queue = stage.json("queues/genesis-queue.json")
    assert queue["jobs"]["ready"] == ENTRIES_MAX + 6
    assert queue["projects"] == {"queued": ENTRIES_MAX + 6, "active": 0, "completed": 0}
    assert queue["ready"]["truncated"] is True
    listed = [entry["job"] for entry in queue["ready"]["entries"]]
    assert listed == sorted(listed)
    assert len(listed) == ENTRIES_MAX


@pytest.mark.requirement("STA-1")
def test_a_busy_store_is_mirrored_at_most_every_quarter_second(stage: Stage) -> None:
    async def story() -> None:
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.submit("alpha")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        stage.asked.clear()
        for _ in range(200):
            await stage.store.submit(Wake())
            await stage.clock.sleep(0.01)
        assert stage.asked.count("events_touched") <= 2.2 / COALESCE_SECONDS + 2

    stage.play(story())


def test_a_delayed_job_that_comes_due_is_shown_although_no_event_tells_it(stage: Stage) -> None:
    async def story() -> None:
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.submit("alpha")
        lease = await stage.lease("genesis-01")
        await stage.complete(lease, Verdict("retry", "try again", delay_seconds=7.0))

        def state() -> Any:
            jobs = stage.json("projects/alpha/genesis-output.json")["jobs"]["entries"]
            return {job["job"]: (job["state"], job["due_at"] is not None) for job in jobs}[lease.job.id]

        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        assert state() == ("delayed", True)
        await stage.clock.sleep(7.0)
        await stage.store.submit(Wake())
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        assert state() == ("ready", False)

    stage.play(story())


@pytest.mark.requirement("STA-1")
def test_a_pass_costs_the_same_however_many_projects_have_ended(tmp_path: Path) -> None:
    def statements(ended: int) -> int:
        stage = Stage(tmp_path / str(ended))

        async def story() -> None:
            for n in range(ended):
                await stage.submit(f"ended-{n:04d}")
            stage.database.connection.execute("UPDATE project SET state = 'complete'")
            await stage.submit("alpha")
            await stage.mirror.run_once()
            stage.asked.clear()
            await stage.lease("genesis-01")
            await stage.mirror.run_once()

        stage.play(story())
        return len(stage.asked)

    assert statements(300) == statements(150)


def test_a_long_log_is_read_in_bounded_pieces(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "EVENTS_MAX", 3)

    async def story() -> None:
        await stage.mirror.run_once()
        for n in range(10):
            await stage.submit(f"project-{n}")
        stage.asked.clear()
        await stage.mirror.run_once()
        assert stage.asked.count("events_touched") == 7
        assert len(list(stage.folder.glob("projects/*/status.json"))) == 10

    stage.play(story())
