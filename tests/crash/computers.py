"""Computers as Linux namespaces: each has processes, a network, a name and mounts of its own, and a switch joins them.

A computer loses its power by the death of its first process, which takes all others along, and its network by its
cable. Nothing of all this reaches the network of the machine it is made on, or is reached from there. Root makes them,
with iproute2.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from tests import databases
from tests.faces.command_line import ROOT

NETWORK: Final = "10.94.0"
WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
"""However this process ends, what it began so ends with it."""
PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
OWN_FOLDERS: Final = ("/tmp/ray", "/var/lib/glusterd", "/var/log/glusterfs", "/run")  # noqa: S108
INIT: Final = """
hostname "$0"
for folder in $OWN_FOLDERS; do mkdir -p "$folder"; mount -t tmpfs none "$folder"; done
echo up
while :; do sleep 1000 & wait $!; done
"""
"""The first process of a computer: it takes in whoever has lost its parent, as bash does."""
SILENCE_SECONDS: Final = 10
"""After which the file system takes an answer for lost that does not come."""


def run(*command: str) -> str:
    """What the command says; raises `CalledProcessError` where it fails."""
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


class Computer:
    """One machine at the switch, with the address that ends in `number`."""

    def __init__(self, name: str, number: int, switch: tuple[str, ...]) -> None:
        self.name, self.ip = name, f"{NETWORK}.{number}"
        self._switch = switch
        self._power: subprocess.Popen[Any] | None = None
        self._programs: list[subprocess.Popen[Any]] = []
        self.boot()

    def boot(self) -> None:
        """Switch it on, without any program."""
        apart = ("--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--uts", "--ipc")
        first = ("bash", "-c", INIT, self.name)
        env = {"PATH": PATH, "OWN_FOLDERS": " ".join(OWN_FOLDERS)}
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        self._power = subprocess.Popen((*WITH_US, "unshare", *apart, *first), env=env, **pipes)
        assert self._power.stdout is not None
        assert self._power.stdout.readline() == b"up\n"
        pid = Path(f"/proc/{self._power.pid}/task/{self._power.pid}/children").read_text().strip()
        spaces = ("--net", "--pid", "--mount", "--uts", "--ipc")
        self.within = ("nsenter", *spaces, "--target", pid, f"--wdns={ROOT}", "--")
        run(*self._switch, "ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", pid)
        run(*self._switch, "ip", "link", "set", self.name, "master", "switch", "up")
        for words in (f"address add {self.ip}/24 dev eth0", "link set eth0 up", "link set lo up"):
            self.run("ip", *words.split())

    def run(self, *command: str) -> str:
        """What a command says that runs there."""
        return run(*self.within, *command)

    def start(self, log: Path, env: Mapping[str, str], *command: str) -> None:
        """Start a program there, with this environment and nothing else."""
        with log.open("ab") as out:
            streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            program = subprocess.Popen((*self.within, *command), env=dict(env), **streams)
        self._programs.append(program)

    def plug(self, end: str) -> None:
        """Put the cable in (`up`), or pull it (`down`)."""
        run(*self._switch, "ip", "link", "set", self.name, end)

    def cut_power(self) -> None:
        """End everything that runs there, at once."""
        if self._power is not None:
            self._power.kill()  # its child, the first process, dies with it
            self._power.communicate()
            self._power = None
        while self._programs:
            self._programs.pop().wait()


class Lab:
    """A switch and what hangs on it. `store` serves PostgreSQL, and a folder that others mount (GlusterFS)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home, self.brick = root / "home", root / "brick"
        """The folder where it is mounted, and where its files lie on `store`'s disk."""
        for folder in (self.home, self.brick):
            folder.mkdir(parents=True)
        self._database = Path(tempfile.mkdtemp(prefix="podium-pg-"))
        self._hub = subprocess.Popen((*WITH_US, "unshare", "--net", "sleep", "infinity"))
        while Path(f"/proc/{self._hub.pid}/ns/net").samefile("/proc/self/ns/net"):
            assert self._hub.poll() is None
        self.switch = ("nsenter", "--net", "--target", str(self._hub.pid))
        run(*self.switch, "ip", "link", "add", "switch", "type", "bridge")
        run(*self.switch, "ip", "link", "set", "switch", "up")
        self.computers: dict[str, Computer] = {}
        self.store = self.add("store")

    def add(self, name: str) -> Computer:
        """One more computer."""
        made = self.computers[name] = Computer(name, len(self.computers) + 1, self.switch)
        return made

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for computer in self.computers.values():
            computer.cut_power()
        self._hub.kill()
        self._hub.wait()
        shutil.rmtree(self._database)

    def serve_folder(self) -> None:
        """Let others mount `home`."""
        volume = ("gluster", "--mode=script", "volume")
        self.store.run("glusterd")
        deadline = time.monotonic() + 60
        while subprocess.run((*self.store.within, *volume, "list"), capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        self.store.run(*volume, "create", "home", f"{self.store.ip}:{self.brick}", "force")
        self.store.run(*volume, "set", "home", "network.ping-timeout", str(SILENCE_SECONDS))
        self.store.run(*volume, "start", "home")

    def mount_folder(self, computer: Computer) -> None:
        """Mount it there, at the same path as everywhere."""
        computer.run("mount", "-t", "glusterfs", f"{self.store.ip}:/home", str(self.home))

    def serve_database(self) -> tuple[str, str]:
        """Start a PostgreSQL on `store`: its URL for the others, and one for who looks at it from outside."""
        self._database.chmod(0o755)  # its user, who is not root, comes through
        folder = self._database / "data"
        with databases.server() as server, databases.away(server):
            run("cp", "--archive", str(server.pgdata), str(folder))
            user = ("runuser", "-u", server.system_user, "--") if server.system_user else ()
        with (folder / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {NETWORK}.0/24 trust\n")
        command = (str(server.bin_path / "postgres"), "-D", str(folder), "-k", str(folder), "-h", self.store.ip)
        self.store.start(self.root / "postgres.log", {"PATH": PATH}, *user, *command)
        return f"postgresql://postgres@{self.store.ip}/postgres", databases.url_of(folder)
