"""The boilerplate of the rehearsal: templates in files beside this module, filled with a step's own words."""

from pathlib import Path

from podium.agents.rehearsal import prose


def filled(name: str, /, **words: object) -> str:
    """Return the template `templates/<name>.txt` with its places filled; `notice` is known everywhere."""
    template = (Path(__file__).parent / "templates" / f"{name}.txt").read_text("utf-8")
    return template.format(notice=prose.REHEARSAL_NOTICE, **words)
