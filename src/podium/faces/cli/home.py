"""Writes a new home's configuration file."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path


def write(path: Path, agent: str | None, *, copy_pipeline: bool) -> Iterator[str]:
    """Write `podium.toml` (and the pipeline) unless it is there; yields what was done, for people."""
    pipeline = path.parent / "pipeline.toml"
    if copy_pipeline and not pipeline.exists():
        _write_whole(pipeline, resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8"))
        yield f"Wrote {pipeline}: the pipeline of new projects."
    if path.exists():
        yield f"{path} is there already and was left as it is."
        return
    line = 'pipeline = "pipeline.toml"\n' if copy_pipeline else ""
    template = Path(__file__).with_name("podium.toml.txt").read_text("utf-8")
    _write_whole(path, template.format(agent=json.dumps(agent or "rehearsal"), pipeline=line))
    yield f"Wrote {path}. Next: `podium run FILE`, or `podium up` and `podium submit FILE`."


def _write_whole(path: Path, text: str) -> None:
    """An empty file, which a full disk leaves, would be taken for the user's own."""
    try:
        path.write_text(text, "utf-8")
    except OSError:
        path.unlink(missing_ok=True)
        raise
