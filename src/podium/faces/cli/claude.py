"""`podium init --claude`: makes this folder one in which a Claude Code session is the orchestrator."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from podium.domain.errors import Conflict
from podium.refusals import refusal

FILE: Final = "CLAUDE.md"
BEGIN: Final = "<!-- podium: begin (podium init --claude keeps this part; write outside of it) -->"
END: Final = "<!-- podium: end -->"
PLUGIN: Final = Path(__file__).parents[1] / "plugin"
"""The plugin, which is also a marketplace of itself."""


def introduce(folder: Path, home: Path) -> Iterator[str]:
    """Write Podium's part of the folder's CLAUDE.md; yields what was done and what is left to do, for people.

    All else in the file stays as it is. Raises `Conflict` when the part's two marks do not stand there as a pair.
    """
    path = folder / FILE
    part = (PLUGIN / "templates" / FILE).read_text("utf-8").replace("{home}", str(home))
    old = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    new = merged(old, f"{BEGIN}\n{part.strip()}\n{END}", path)
    if new == old:
        yield f"{path} has Podium's part already."
    else:
        path.write_bytes(new.encode("utf-8", "surrogateescape"))
        yield f"{path} now has a part that tells Claude Code how to conduct Podium; the rest of it is untouched."
    add = f"claude plugin marketplace add {shlex.quote(str(PLUGIN))} && claude plugin install podium@podium"
    yield f"To add the plugin (commands /podium:..., agents, MCP servers): {add}"
    if shutil.which("podium") is None:
        yield "The plugin starts `podium mcp NAME`: put podium on your PATH first."
    if home != folder / ".podium":
        yield f"Start claude with PODIUM_HOME={shlex.quote(str(home))}: its servers find the home there."


def merged(text: str, part: str, path: Path) -> str:
    """The text with the part in its place, or at its end; raises `Conflict`."""
    if (text.count(BEGIN), text.count(END)) == (0, 0):
        space = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{space}{part}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise Conflict(refusal("odd marks", path=path, begin=BEGIN, end=END))
    return f"{before}{part}{after}"
