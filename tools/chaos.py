"""`./dev chaos`: kill a real orchestrator many times during real runs and judge what is left."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.crash.chaos import Chaos


def main() -> int:
    """Run the storm; exit 1 when anything was lost, repeated or left over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how many orchestrators to kill (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="when to kill them")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podium-chaos-") as folder:
        chaos = Chaos(Path(folder) / "home", asked.seed)
        verdict = chaos.storm(asked.kills, lambda line: None if asked.json else print(line, file=sys.stderr))
    counts = {"kills": chaos.kills, "lost": len(verdict.lost), "repeated": len(verdict.repeated)}
    counts |= {"orphans": len(verdict.orphans), "adopted": verdict.adopted, "projects": len(chaos.projects)}
    for line in [*verdict.lost, *verdict.repeated, *verdict.orphans]:
        print(line, file=sys.stderr)
    print(json.dumps(counts) if asked.json else ", ".join(f"{key} {value}" for key, value in counts.items()))
    return 1 if any(verdict[:3]) else 0


if __name__ == "__main__":
    sys.exit(main())
