"""The host `ray` of Podium: agents on any node of a Ray cluster (docs/cluster.md)."""
