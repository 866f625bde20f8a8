"""The runner starts fast: it imports little, and it says at once which process it is."""

import json
import subprocess
import sys

from tests.unit.runner.stage import MAIN, Stage

HEAVY = {
    "asyncio",
    "subprocess",
    "dataclasses",
    "shutil",
    "logging",
    "inspect",
    "podium.domain",
    "podium.ports",
    "tempfile",
}


def imported(*names: str) -> set[str]:
    """What is loaded after these modules of the runner, with nothing but the standard library to be found."""
    imports = "; ".join(f"import podium.runner.{name}" for name in names)
    program = f"import sys; sys.path.insert(0, {str(MAIN.parents[2])!r}); {imports}; print(*sys.modules)"
    done = subprocess.run((sys.executable, "-I", "-S", "-c", program), capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_only_light_modules_are_imported() -> None:
    names = {path.stem for path in MAIN.parent.glob("*.py") if not path.stem.startswith("__")}
    assert not HEAVY & imported(*(names - {"proxy"}))
    assert "asyncio" in imported("proxy"), "it is loaded when somebody asks for something, beside the runner"


def test_a_runner_introduces_itself(stage: Stage) -> None:
    runner = stage.start(f"echo in >{stage.fifo()}; sleep 1000")
    stage.hear()
    said = json.loads((stage.directory / "runner.json").read_text())
    assert said["pid"] == runner.pid
    assert said["started_at"] > 0
    runner.terminate()
    assert runner.wait(20) == 0
