"""What the tests of an existing repository say before anything is changed: the gates need them to pass."""

import os
import re
import sys
from pathlib import Path

from podium.agents.rehearsal.clone import Clone, Finished

# The exit status of `unittest` for "no tests ran", since Python 3.12.
_NONE_RAN = 5
_MISSING = re.compile(r"No module named '([^'.]+)")
_COMMAND = "python -m unittest discover -s tests -t ."
_NEEDS_PACKAGES = (
    "The repository's own tests need packages that are not installed here: {packages}. The gates run `{command}` with "
    "{python}, so install them there (`{python} -m pip install {packages}`; a package may have another name than its "
    "module), then send this back."
)
_FAILS = (
    "The repository's own tests fail before anything is changed, so no work on it could be judged. The gates run "
    "`{command}`; mend that in the repository and submit it again{hint}. It says:\n{said}"
)
_SUBMODULES = " (its submodules are not fetched, and tests that need them cannot run)"
_SAID_CHARS_MAX = 1_500


def trouble(clone: Clone) -> str:
    """Return why the tests that are there would stop all work, or an empty string; the clone stays as it is."""
    if not any((clone.root / "tests").rglob("test*.py")):
        return ""
    finished = _run(clone)
    if finished.status in (0, _NONE_RAN):
        return ""
    named = _MISSING.findall(finished.output + finished.complaint)
    packages = sorted({name for name in named if not _is_local(clone.root, name)})
    if packages:
        return _NEEDS_PACKAGES.format(packages=" ".join(packages), command=_COMMAND, python=sys.executable)
    hint = _SUBMODULES if (clone.root / ".gitmodules").exists() else ""
    return _FAILS.format(command=_COMMAND, hint=hint, said=finished.tail[-_SAID_CHARS_MAX:])


def _run(clone: Clone) -> Finished:
    """Run them as the gates will, once the scaffold has made them a package that finds `src`."""
    try:
        if not os.path.lexists(clone.root / "tests/__init__.py"):
            clone.write("tests/__init__.py", "")
        return clone.python(*_COMMAND.split()[1:], source_path="src")
    finally:
        clone.put_back()


def _is_local(root: Path, name: str) -> bool:
    """Whether the repository itself should have had it, or Python."""
    places = (root / folder / entry for folder in (".", "src", "tests") for entry in (name, f"{name}.py"))
    return name in sys.stdlib_module_names or any(os.path.lexists(place) for place in places)
