"""Lays out what a repository does not have yet, and changes nothing that it has."""

import os
import tempfile
from pathlib import Path

from podium.agents.rehearsal import prose, texts
from podium.agents.rehearsal.clone import Finished
from podium.agents.rehearsal.plan import Plan
from podium.agents.rehearsal.stage import Stage

_SCAFFOLD = Path(__file__).parent / "scaffold"
_TESTS = "tests/__init__.py"


def lay_out(plan: Plan, stage: Stage) -> None:
    """Write the template's files where there are none; a path that leads out of the repository is refused."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder)
        _draw(plan, drawn)
        for file in sorted(path for path in drawn.rglob("*") if path.is_file()):
            name = file.relative_to(drawn).as_posix()
            if not os.path.lexists(stage.clone.root / name):
                stage.clone.write(name, file.read_text("utf-8"))
    if not stage.clone.git("status", "--porcelain"):  # everything was there: only the plan is new
        features = "\n".join(f"- {prose.markdown(feature.title)}" for feature in plan.features)
        text = texts.filled("plan.md", title=prose.markdown(plan.title), features=features)
        stage.write(f"docs/plans/{plan.features[0].key}.md", text)


def first_test(plan: Plan, stage: Stage) -> Finished:
    """Run the scaffold's own test, and let the tests find `src` if they do not yet."""
    checked = stage.clone.python("-m", "unittest", "tests.test_scaffold")
    if checked.status and f"No module named '{plan.package}'" in checked.tail:
        path = (stage.clone.root / _TESTS).resolve()
        if path.is_relative_to(stage.clone.root) and path.is_file():
            path.write_text(f"{stage.clone.read(_TESTS).rstrip()}\n{texts.filled('importable.py')}".lstrip(), "utf-8")
            stage.messages.log(f"{_TESTS} now makes src importable; the rest of it stays as it is.")
            checked = stage.clone.python("-m", "unittest", "tests.test_scaffold")
    return checked


def _draw(plan: Plan, folder: Path) -> None:
    # Importing copier takes a third of a second, which no other step should pay.
    import copier

    copier.run_copy(
        str(_SCAFFOLD),
        folder,
        data={
            "title": plan.title,
            "heading": prose.markdown(plan.title),
            "title_literal": prose.quoted(plan.title),
            "summary": prose.markdown(plan.summary),
            "package": plan.package,
            "distribution": plan.package.replace("_", "-"),
            "features": [prose.markdown(feature.title) for feature in plan.features],
            "notice": prose.REHEARSAL_NOTICE,
        },
        defaults=True,
        quiet=True,
        overwrite=True,
    )
