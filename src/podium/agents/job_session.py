"""A job's session: what an agent keeps of its conversation outlives an attempt that was interrupted (INS-5).

It lies in a folder of the job's own, so the next attempt finds it, on whichever instance. Its totals of tokens and cost
accumulate over all that resumed it and told a result; what a killed run used is in none of them.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

_PUT_BACK: Final = "Your unfinished work has been laid into it, uncommitted: see `git status`."
_LOST: Final = "Nothing of unfinished work could be laid into it: what you had not finished has to be made again."


class Totals(NamedTuple):
    """What the session told last of all that it used."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class JobSession:
    """The job's session at the beginning of an attempt: `id` is empty when there is none to go on with."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.folder: Final = Path(env.get("PODIUM_SESSION") or Path(env["HOME"]) / ".session")
        self._record: Final = self.folder / "session.json"
        self.id = ""
        self.totals = Totals()
        self._is_put_back = False
        try:
            found: Any = json.loads(self._record.read_text("utf-8"))
            self.id, self.totals = str(found["id"]), Totals(**found["totals"])
        except (OSError, ValueError, TypeError, KeyError):
            self.end()  # what is half written is no session

    def keep(self, id_: str, totals: Totals | None = None) -> None:
        """Remember the session, and what it has told of its use, so that a kill at any moment loses neither."""
        if not id_ or (id_, totals) == (self.id, None):
            return
        self.id, self.totals = id_, totals or (self.totals if id_ == self.id else Totals())
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._record.with_suffix(".part")
        draft.write_text(json.dumps({"id": id_, "totals": self.totals._asdict()}), "utf-8")
        draft.replace(self._record)

    def put_back(self, commit: str, clone: Path) -> str:
        """Lay the unfinished work of the attempt before into the clone, once and uncommitted; what to say of it."""
        if not self.id or self._is_put_back:
            return _PUT_BACK if self._is_put_back else ""
        git = ("git", "-C", str(clone), "-c", "core.hooksPath=/dev/null")
        merge, unstage = (*git, "merge", "--squash", "--quiet", commit), (*git, "reset", "--quiet")
        quiet: Any = {"stdin": subprocess.DEVNULL, "capture_output": True}
        self._is_put_back = bool(commit) and subprocess.run(merge, check=False, **quiet).returncode == 0
        subprocess.run(unstage if self._is_put_back else (*unstage, "--hard"), check=False, **quiet)
        return _PUT_BACK if self._is_put_back else _LOST

    def forget(self) -> None:
        """There is nothing to go on with; what an agent keeps in the folder stays, since it may be at work there."""
        self.id, self.totals = "", Totals()
        self._record.unlink(missing_ok=True)

    def end(self) -> None:
        """Forget it: the job's next attempt, if there is one, begins anew."""
        self.forget()
        shutil.rmtree(self.folder, ignore_errors=True)
