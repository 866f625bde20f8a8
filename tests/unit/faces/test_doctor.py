import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from podium.app import RealWorld
from podium.config import AgentConfig
from podium.hosts import probing
from podium.operations import agent_checks, doctor
from podium.operations.doctor import DoctorOutput
from podium.operations.operation import Nothing
from podium.store.store import DATABASE
from tests.scripted.claude_code import program


@pytest.mark.requirement("OPS-1")
@pytest.mark.parametrize(
    ("system", "release", "state", "words"),
    [
        ("linux", "6.18.44", "ok", "everything is supported"),
        ("linux", "5.15.90.1-microsoft-standard-WSL2", "warning", "WSL2"),
        ("linux", "4.4.0-19041-Microsoft", "problem", "WSL1"),
        ("darwin", "24.1.0", "warning", "not tested"),
        ("win32", "11", "problem", "not supported"),
    ],
)
def test_the_platform_is_told_truthfully(system: str, release: str, state: str, words: str) -> None:
    found = doctor.check_platform(system, release)
    assert found.state == state
    assert words in found.detail
    assert bool(found.to_do) == (state != "ok")


@pytest.mark.parametrize(
    ("said", "state", "detail"),
    [
        ("git version 2.39.5", "ok", "2.39.5"),
        ("git version 2.38.0 (Apple Git-146)", "ok", "2.38.0"),
        ("git version 3.0", "ok", "3.0"),
        ("git version 2.37.9", "problem", "2.37.9"),
        ("git version 2.9.5", "problem", "2.9.5"),
        ("hello", "problem", "hello"),
        (None, "problem", "No such file"),
    ],
)
def test_git_must_be_new_enough(said: str | None, state: str, detail: str) -> None:
    found = doctor.check_git(said, "No such file or directory")
    assert found.state == state
    assert detail in found.detail
    assert bool(found.to_do) == (state != "ok")


@pytest.mark.parametrize(
    ("version", "state"), [((3, 10, 9), "problem"), ((3, 11, 0), "ok"), ((3, 14, 1), "ok"), ((4, 0, 0), "ok")]
)
def test_python_must_be_new_enough(version: tuple[int, ...], state: str) -> None:
    assert doctor.check_python(version).state == state


@pytest.mark.parametrize(("number", "state"), [(3_051_002, "problem"), (3_051_003, "ok"), (3_054_001, "ok")])
def test_sqlite_must_be_safe(number: int, state: str) -> None:
    assert doctor.check_sqlite(number, "3.x").state == state


@pytest.mark.parametrize(
    ("rights", "state"), [(0o700, "ok"), (0o750, "warning"), (0o755, "warning"), (0o701, "warning")]
)
def test_a_home_is_closed_to_others(tmp_path: Path, rights: int, state: str) -> None:
    tmp_path.chmod(rights)
    found = doctor.check_home(tmp_path)
    tmp_path.chmod(stat.S_IRWXU)
    assert found.state == state
    assert ("chmod 700" in found.to_do) == (state == "warning")


def test_a_home_that_is_not_there_yet_can_be_made(tmp_path: Path) -> None:
    found = doctor.check_home(tmp_path / "none" / "home")
    assert (found.state, "not there yet" in found.detail) == ("ok", True)
    assert doctor.check_disk(tmp_path / "none" / "home").detail.endswith("free")


def test_a_home_that_is_a_file_or_closed_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    for home in (tmp_path / "a file", tmp_path / "a file" / "home"):
        found = doctor.check_home(home)
        assert (found.state, f"'{tmp_path}/a file'" in found.to_do) == ("problem", True)

    def refused(path: Path, mode: int) -> bool:  # in place of rights: root may write everywhere
        return False

    monkeypatch.setattr(os, "access", refused)
    assert doctor.check_home(tmp_path).state == "problem"


@pytest.mark.parametrize(
    ("mounts", "state"),
    [
        ([], "ok"),
        ([("/", "ext4")], "ok"),
        ([("/", "nfs4")], "problem"),
        ([("/", "ext4"), ("HOME", "9p")], "problem"),
        ([("/", "nfs4"), ("HOME", "ext4")], "ok"),
        ([("/", "ext4"), ("HOME-not", "9p")], "ok"),
        ([("/", "ext4"), ("HOME", "ext4"), ("HOME", "cifs")], "problem"),
    ],
)
def test_a_home_is_on_a_local_disk(tmp_path: Path, mounts: list[tuple[str, str]], state: str) -> None:
    here = [(point.replace("HOME", str(tmp_path)), kind) for point, kind in mounts]
    assert doctor.check_filesystem(tmp_path, here).state == state
    assert doctor.check_filesystem(tmp_path, here, "postgresql://db").state == "ok", "nodes share a home"


def test_little_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_disk(tmp_path).detail.endswith("free")
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", 1 << 62)
    found = doctor.check_disk(tmp_path)
    assert found.state == "warning"
    assert "podium disk" in found.to_do
    monkeypatch.setattr(doctor, "FREE_BYTES_NEEDED", 1 << 61)
    assert doctor.check_disk(tmp_path).state == "problem"


@pytest.mark.parametrize(("available", "state"), [(None, "ok"), (8 << 30, "ok"), (100 << 20, "warning")])
def test_little_memory_is_a_warning(available: int | None, state: str) -> None:
    found = doctor.check_memory(available)
    assert found.state == state
    assert ("not known" in found.detail) == (available is None)


@pytest.mark.parametrize(
    ("trouble", "mode", "state"),
    [
        ("", "auto", "ok"),
        ("", "required", "ok"),
        ("", "off", "warning"),
        ("bubblewrap is not installed", "auto", "warning"),
        ("bubblewrap is not installed", "off", "warning"),
        ("bubblewrap is not installed", "required", "problem"),
    ],
)
def test_it_says_that_agents_are_sandboxed_only_where_they_are(trouble: str, mode: str, state: str) -> None:
    found = doctor.check_sandbox(trouble, mode)
    assert found.state == state
    assert trouble in found.detail
    assert ("NOT sandboxed" in found.detail, "can read this home" in found.detail) == (state == "warning",) * 2
    assert ("are sandboxed" in found.detail) == (state == "ok")


@pytest.mark.parametrize(
    ("open_projects", "running", "state"), [(0, False, "ok"), (3, True, "ok"), (3, False, "warning")]
)
def test_open_projects_want_an_orchestrator(open_projects: int, running: bool, state: str) -> None:
    found = doctor.check_orchestrator(open_projects, running=running)
    assert found.state == state
    assert ("podium up" in found.to_do) == (state == "warning")


def test_rehearsal_needs_git() -> None:
    assert agent_checks.built_in_and_own((), "")["rehearsal"].usable is True
    assert agent_checks.built_in_and_own((), "too old")["rehearsal"].usable is False


def test_programs_of_the_user_are_not_called_usable_untried() -> None:
    assert agent_checks.built_in_and_own((), "")["command"].usable is False
    configured = agent_checks.built_in_and_own(["mine"], "")["command"]
    assert configured.usable is None
    assert "mine" in configured.reason


@pytest.mark.parametrize(
    ("env", "version", "usable"),
    [({"ANTHROPIC_API_KEY": "sk-1"}, "2.1 (Claude Code)", True), ({}, "2.1", False), ({"X": "sk-1"}, None, False)],
)
def test_claude_is_usable_with_a_program_and_a_credential(
    env: dict[str, str], version: str | None, usable: bool
) -> None:
    found = agent_checks.claude(AgentConfig(env=env), version, "No such file or directory")
    assert (found.usable, found.version) == (usable, version and "2.1")
    assert "sk-1" not in found.model_dump_json()


def test_the_real_claude_tells_its_version(tmp_path: Path) -> None:
    (tmp_path / "podium.toml").write_text(f'[agents.claude]\nprogram = "{program()}"\n')
    found = examined(tmp_path).agents["claude"]
    assert found.version is not None
    assert found.version[0].isdigit()
    assert "ANTHROPIC_API_KEY" in found.reason


def test_agents_by_acp_are_usable_with_a_program_and_a_credential(tmp_path: Path) -> None:
    assert 'acp = "PRESET"' in examined(tmp_path).agents["acp"].reason
    small = tmp_path / "small"
    small.write_text("#!/bin/sh\necho small 1.2.3\n")
    small.chmod(0o700)
    told = [
        f'[agents.one]\nacp = "gemini"\nprogram = "{small}"\nenv = {{ GEMINI_API_KEY = "sk-1" }}',
        f'[agents.two]\nacp = "opencode"\nprogram = "{small}"',
        '[agents.three]\nacp = ["/nowhere/agent", "--acp"]',
        f'[agents.four]\nacp = ["{small}"]',
        '[agents.mine]\ncommand = ["x"]',
    ]
    (tmp_path / "podium.toml").write_text("\n".join(told))
    found = examined(tmp_path).agents
    acp = found["acp"]
    assert (acp.usable, acp.version) == (True, "1.2.3")
    assert "one 1.2.3: installed; GEMINI_API_KEY is set" in acp.reason
    assert "set one of ANTHROPIC_API_KEY" in acp.reason
    assert "/nowhere/agent is not there" in acp.reason
    assert "sk-1" not in acp.reason
    assert found["command"].reason.startswith("configured: mine;")
    (tmp_path / "podium.toml").write_text(told[1])
    assert examined(tmp_path).agents["acp"].usable is False
    (tmp_path / "podium.toml").write_text(told[3])
    assert examined(tmp_path).agents["acp"].usable is None
    (tmp_path / "podium.toml").write_text('[agents.x]\nacp = "emacs"\n')
    assert "none of claude, codex, gemini, opencode" in examined(tmp_path).agents["acp"].reason


def test_a_probe_gets_no_other_environment() -> None:
    script = "import os; print(sorted(os.environ))"
    ran = probing.run((sys.executable, "-I", "-c", script))
    assert ran == (0, "['HOME', 'LC_ALL', 'PATH']")


def test_a_probe_that_hangs_is_ended() -> None:
    script = "import signal; signal.pause()"
    ran = probing.run((sys.executable, "-I", "-c", script), 0.2)
    assert ran == (None, "no answer within 0.2 s")


def test_a_probe_that_is_missing_says_so() -> None:
    assert probing.run(("/no/such/program",)) == (None, "No such file or directory")


def examined(home: Path) -> DoctorOutput:
    async def examine() -> DoctorOutput:
        async with RealWorld().examining(home) as context:
            return await doctor.doctor(context, Nothing())

    return asyncio.run(examine())


def states(found: DoctorOutput) -> dict[str, str]:
    return {check.name: check.state for check in found.checks}


@pytest.mark.requirement("OPS-1")
def test_a_new_home_on_this_machine_is_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    found = examined(tmp_path / "home")
    names = [check.name for check in found.checks]
    assert {"Python", "git", "SQLite", "Home", "Disk", "Platform", "Sandbox", "Orchestrator"} <= set(names)
    assert found.healthy == all(check.state != "problem" for check in found.checks)
    assert set(found.agents) == {"rehearsal", "command", "claude", "acp"}
    assert "sk-secret" not in found.model_dump_json()
    assert all(check.to_do for check in found.checks if check.state == "problem")


def test_whatever_the_home_is_like_it_is_examined_and_left_as_it_is(tmp_path: Path) -> None:
    async def make() -> None:
        async with RealWorld().writing(home):
            pass

    home = tmp_path / "home"
    assert states(examined(home))["Orchestrator"] == "ok"
    assert not home.exists()
    asyncio.run(make())
    before = sorted(home.iterdir())
    assert states(examined(home))["Configuration"] == "ok"
    assert sorted(home.iterdir()) == before
    for broken in ("agent = [", 'pipeline = "none.toml"', 'agent = "nobody"'):
        (home / "podium.toml").write_text(broken)
        assert states(examined(home))["Configuration"] == "problem"
    (home / DATABASE).write_bytes(b"no database at all" * 100)
    found = examined(home)
    assert states(found)["Database"] == "problem"
    assert not found.healthy
    (tmp_path / "file").write_text("")
    assert states(examined(tmp_path / "file"))["Home"] == "problem"
