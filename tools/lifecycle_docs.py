"""Draws docs/lifecycle.md from the lifecycle tables."""

from pathlib import Path

from podium.domain import lifecycle

FILE = Path(__file__).resolve().parents[1] / "docs" / "lifecycle.md"
HEAD = """\
# Lifecycle

Drawn from `src/podium/domain/lifecycle.toml` by `tools/generated.py`; a test keeps it fresh.
A workflow's state is derived from its jobs: the state of its least advanced open chain. Edges back are rework.
"""


def files() -> dict[Path, str]:
    """The page as Markdown with Mermaid diagrams."""
    parts = [HEAD]
    for name, edges in lifecycle.WORKFLOWS.items():
        states = list(edges)
        lines = [f"  [*] --> {states[0]}"]
        for state in states:
            for following in sorted(edges[state], key=states.index):
                back = " : rework" if states.index(following) < states.index(state) else ""
                lines.append(f"  {state} --> {following}{back}")
        lines.append(f"  {states[-1]} --> [*]")
        parts.append(_diagram(f"Workflow {name}", lines))
    jobs = [f"  {state} --> {after} : {happening}" for (state, happening), after in lifecycle.JOB.items()]
    parts.append(_diagram("Job", ["  [*] --> waiting", *jobs]))
    reviews = [f"  {state} --> {after} : {verdict}" for (state, verdict), after in lifecycle.REVIEW.items()]
    parts.append(_diagram("Review", ["  [*] --> open", *reviews]))
    return {FILE: "\n".join(parts)}


def _diagram(title: str, lines: list[str]) -> str:
    return "\n".join([f"## {title}", "", "```mermaid", "stateDiagram-v2", *lines, "```", ""])
