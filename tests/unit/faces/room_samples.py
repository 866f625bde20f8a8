"""Answers of `prune` and `disk`."""

from podium.operations.retention import DiskOutput, DiskRow, PrunedRow, PruneOutput
from podium.operations.settings import RuleRow, SettingRow, SettingsOutput
from tests.unit.faces.samples import Answer, plain


def pruned(*, dry_run: bool = False, more: bool = False, names: tuple[str, ...] = (), empty: bool = False) -> Answer:
    """What `prune` removed."""
    counts = {"events": 12_000, "projects": 2, "jobs": 80, "logs": 40, "attempt refs": 3}
    rows = [
        PrunedRow(kind=kind, count=0 if empty else n, bytes=5 << 20 if kind == "logs" else None, names=[])
        for kind, n in counts.items()
    ]
    rows[-1].names = list(names)
    return plain(PruneOutput(dry_run=dry_run, removed=rows, more=more, horizon=12_001))


def disk() -> Answer:
    """What takes how much room."""
    kinds = [DiskRow(kind="database", bytes=3 << 30), DiskRow(kind="clones", bytes=0)]
    return plain(DiskOutput(home="/srv/podium", kinds=kinds, total_bytes=3 << 30, free_bytes=9 << 30))


def settings(*, rules: bool = True) -> Answer:
    rows = [
        SettingRow(key="agent", value="rehearsal", source="default"),
        SettingRow(key="limits.queue_soft", value=40, source="podium.toml", pending=50),
    ]
    rule = RuleRow(on="genesis.SPEC_COMPLETE", does="enqueue", what="development")
    return plain(SettingsOutput(file="/srv/podium/podium.toml", settings=rows, rules=[rule] if rules else []))
