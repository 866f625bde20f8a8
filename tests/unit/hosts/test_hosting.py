"""Hosts that come in distributions of their own are found by name; who asks for one that is not there is told."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from podium import app, config
from podium.domain.errors import UsageError
from podium.faces.cli.main import execute
from podium.hosts import hosting
from podium.hosts.local import LocalHost
from podium.operations.doctor import check_configuration
from podium_ray.host import RayHost
from tests.tidy.source import ROOT

PLUGIN = "plugins/ray/pyproject.toml"


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """What is installed beside Podium, as a test has it: nothing at first."""
    found: list[EntryPoint] = []

    def entry_points(group: str) -> list[EntryPoint]:
        assert group == "podium.hosts"
        return found

    monkeypatch.setattr(hosting, "entry_points", entry_points)
    return found


@pytest.mark.requirement("INS-3")
def test_what_is_installed_is_found_by_its_name() -> None:
    assert hosting.factory("local") is LocalHost
    assert hosting.factory("ray") is RayHost


@pytest.mark.requirement("INS-3")
def test_without_the_distribution_it_says_what_to_install(
    offered: list[EntryPoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hosting.factory("local") is LocalHost, "which needs nobody else"
    with pytest.raises(UsageError, match="pip install podium-ray"):
        hosting.factory("ray")
    (tmp_path / config.FILE).write_text('host = "ray"\n')
    found = check_configuration(tmp_path)
    assert found.state == "problem"
    assert "pip install podium-ray" in found.detail


@pytest.mark.requirement("INS-3")
def test_any_name_that_is_offered_will_do_and_no_other(offered: list[EntryPoint]) -> None:
    offered.append(EntryPoint("elsewhere", "podium.hosts.local:LocalHost", hosting.GROUP))
    assert hosting.factory("elsewhere") is LocalHost
    with pytest.raises(UsageError, match=r"known: elsewhere, local\."):
        hosting.factory("nowhere")


def test_a_run_on_a_host_that_is_not_there_makes_no_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    document = tmp_path / "wordy.md"
    document.write_text("# Wordy\n\n## Features\n\n- It counts words\n")
    assert execute(["--home", str(home), "run", str(document), "--host", "nowhere"], app.RealWorld) == 2
    assert "known: local" in capsys.readouterr().err
    assert not home.exists()


def test_both_distributions_are_of_one_version() -> None:
    def project(path: str) -> dict[str, Any]:
        return tomllib.loads((ROOT / path).read_text())["project"]

    own, plugin = project("pyproject.toml"), project(PLUGIN)
    assert plugin["version"] == own["version"]
    assert f"podium=={own['version']}" in plugin["dependencies"]
