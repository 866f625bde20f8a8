"""The nodes that share a database: which leads, and which have fallen silent (DST-1)."""

from podium.operations.context import Context
from podium.operations.operation import Nothing, Output, question
from podium.store.rows import Rows


class NodeRow(Output):
    """One node, as its heartbeat tells of it every half second."""

    name: str
    url: str
    version: str
    silent_seconds: float
    leads_in_epoch: int
    """The epoch in which it leads; 0 for a node that follows."""


class NodesOutput(Output):
    """The nodes of a shared database; none where the home has its own."""

    nodes: list[NodeRow]


@question("nodes")
def nodes(rows: Rows, context: Context, asked: Nothing) -> NodesOutput:
    """Show the nodes on a shared database, and which one leads."""
    return NodesOutput(nodes=[NodeRow.of(row) for row in rows.all("nodes")])
