"""The tree is put right whatever happens to it: edits, deletions, pruning, a full disk, a new orchestrator."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from podium.domain.command import Steer
from podium.engine.pruner import Pruner
from podium.integrations.shared_state.documents import PROJECT_FILES
from podium.integrations.shared_state.mirror import PATROL_SECONDS, RETRY_SECONDS
from podium.policy.retention import Removed, Retention
from tests.unit.integrations.stage import (
    BEHIND_SECONDS_MAX,
    POOL_FILES,
    Stage,
    content,
    expected,
    found_within,
    project_files,
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "shared-state")


@pytest.mark.requirement("STA-1")
def test_edited_and_deleted_files_come_back_and_change_nothing(stage: Stage) -> None:
    async def story() -> None:
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.submit("alpha")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        before = {name: (stage.folder / name).read_bytes() for name in stage.files()}
        truth = expected(stage, "alpha")
        assert len(before) == len(truth)
        status = stage.folder / "projects/alpha/status.json"
        status.write_text(status.read_text().replace('"state": "open"', '"state": "complete"'))
        (stage.folder / "queues/genesis-queue.json").unlink()
        (stage.folder / "instances/dev-instances.json").write_text("gone")
        for name in PROJECT_FILES[1:]:
            (stage.folder / "projects/alpha" / name).unlink()

        def healed() -> bool:
            return {name: content(stage.json(name)) for name in stage.files() if stage.json(name)} == truth

        await stage.clock.sleep(2 * PATROL_SECONDS)
        assert healed()
        assert expected(stage, "alpha") == truth

    stage.play(story())


@pytest.mark.requirement("STA-1")
def test_the_next_change_overwrites_an_edit_at_once(stage: Stage) -> None:
    async def story() -> None:
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.submit("alpha")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        (stage.folder / "projects/alpha/status.json").write_text("{}")
        await stage.lease("genesis-01")
        assert await found_within(
            stage, BEHIND_SECONDS_MAX, lambda: stage.json("projects/alpha/status.json").get("state") == "open"
        )

    stage.play(story())


@pytest.mark.requirement("STA-1")
def test_a_new_orchestrator_writes_only_what_changed_meanwhile(stage: Stage) -> None:
    async def story() -> None:
        for project in ("alpha", "beta"):
            await stage.submit(project)
        await stage.mirror.run_once()
        before = stage.stamps()
        lease = await stage.lease("genesis-01")
        await stage.new_mirror().run_once()
        changed = {name for name, stamp in stage.stamps().items() if before[name] != stamp}
        assert changed == {
            f"projects/{lease.job.project}/status.json",
            f"projects/{lease.job.project}/genesis-output.json",
            "queues/genesis-queue.json",
            "instances/genesis-instances.json",
        }

    stage.play(story())


@pytest.mark.requirement("STA-1")
def test_ended_projects_are_looked_at_a_few_at_a_time(stage: Stage) -> None:
    count = 150

    async def story() -> None:
        for n in range(count):
            await stage.submit(f"ended-{n:04d}")
        stage.database.connection.execute("UPDATE project SET state = 'complete'")
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        first = len(list(stage.folder.glob("projects/*")))
        assert 0 < first < count
        assert await found_within(
            stage, 5 * PATROL_SECONDS, lambda: len(list(stage.folder.glob("projects/*/status.json"))) == count
        )

    stage.play(story())


@pytest.mark.requirement("STA-1")
def test_disk_trouble_is_told_once_and_heals_by_itself(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        stage.folder.parent.mkdir(exist_ok=True)
        stage.folder.write_text("in the way")  # a file where the folder belongs stops even a superuser
        stage.clock.spawn(stage.mirror.run(), "mirror")
        for project in ("alpha", "beta"):
            await stage.submit(project)
            await stage.clock.sleep(5.0)
        assert stage.mirror.trouble is not None
        assert "shared-state" in stage.mirror.trouble
        assert len(caplog.records) == 1
        stage.folder.unlink()
        await stage.clock.sleep(RETRY_SECONDS + BEHIND_SECONDS_MAX)
        assert stage.mirror.trouble is None
        assert stage.files() == POOL_FILES | project_files("alpha") | project_files("beta")
        assert len(caplog.records) == 2

    with caplog.at_level(logging.WARNING):
        stage.play(story())


def test_one_bad_place_or_project_leaves_all_others_in_step(stage: Stage) -> None:
    async def story() -> None:
        (stage.folder / "projects/alpha/status.json").mkdir(parents=True)
        stage.clock.spawn(stage.mirror.run(), "mirror")
        for project in ("alpha", "beta", "strange"):
            await stage.submit(project)
        stage.database.connection.execute("UPDATE workflow SET counts = '[1]' WHERE project = 'strange'")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        assert stage.mirror.trouble is not None
        assert project_files("beta") | POOL_FILES <= stage.files()
        await stage.lease("genesis-01")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        assert stage.json("instances/genesis-instances.json")["busy"] == 1

    stage.play(story())


def test_trouble_with_reading_is_trouble_of_the_mirror_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        await stage.submit("alpha")
        stage.database.connection.execute("ALTER TABLE event RENAME TO lost")
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.clock.sleep(3.0)
        assert stage.mirror.trouble is not None
        stage.database.connection.execute("ALTER TABLE lost RENAME TO event")
        await stage.clock.sleep(RETRY_SECONDS + BEHIND_SECONDS_MAX)
        assert stage.mirror.trouble is None
        assert stage.files() == POOL_FILES | project_files("alpha")

    stage.play(story())


@pytest.mark.requirement("STA-1")
def test_a_log_that_was_pruned_beyond_the_mirror_makes_it_begin_again(stage: Stage) -> None:
    async def story() -> None:
        await stage.submit("alpha")
        await stage.mirror.run_once()
        await stage.pass_next("genesis-01")
        await stage.lease("genesis-02")
        stage.database.connection.execute("DELETE FROM event WHERE seq < (SELECT max(seq) FROM event)")
        await stage.mirror.run_once()
        assert {name: content(stage.json(name)) for name in stage.files()} == expected(stage, "alpha")

    stage.play(story())


@pytest.mark.requirement("EVT-5", "STA-1")
def test_a_project_that_became_a_summary_leaves_the_tree(stage: Stage) -> None:
    async def story() -> None:
        stage.clock.spawn(stage.mirror.run(), "mirror")
        await stage.submit("alpha")
        await stage.submit("beta")
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        await stage.store.submit(Steer("cancel", "alpha"))
        await stage.clock.sleep(BEHIND_SECONDS_MAX)
        assert (stage.folder / "projects/alpha/status.json").exists()
        pruner = Pruner(stage.clock, stage.store.submit, NothingLeft(), Retention(projects_days=2 / 24))
        stage.clock.spawn(pruner.run(), "pruner")
        await stage.clock.sleep(3600.0)
        assert (stage.folder / "projects/alpha").exists()
        await stage.clock.sleep(2 * 3600.0)
        assert not (stage.folder / "projects/alpha").exists()
        assert (stage.folder / "projects/beta/status.json").exists()

    stage.play(story())


class NothingLeft:
    """A home in whose folders nothing is."""

    async def prune(
        self, limits: Retention, now: float, may_go_on: Callable[[], bool], *, dry_run: bool
    ) -> list[Removed]:
        return []
