"""`./dev chaos`: kill orchestrators, runners and agents many times during real runs and judge what is left."""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import databases
from tests.crash.ballast import small_disk
from tests.crash.chaos import Chaos
from tests.crash.pair import Pair

DISK_SIZE = "256m"


def main() -> int:
    """Run the storm; exit 1 when anything was lost, repeated or left over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how many processes to kill (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="when to kill which")
    parser.add_argument("--full-disk", action="store_true", help="the home is on a small disk that is full at times")
    parser.add_argument("--freeze", action="store_true", help="also stop processes for a while (SIGSTOP, SIGCONT)")
    parser.add_argument("--stops", type=int, default=0, help="instead: so many attempts stopped past their lease")
    parser.add_argument("--nodes", action="store_true", help="two nodes on one PostgreSQL, one of which is killed")
    parser.add_argument("--crashes", type=int, default=0, help="with --nodes, instead: so many crashes of the database")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="podium-chaos-")))
        disk = stack.enter_context(small_disk(folder / "disk", DISK_SIZE)) if asked.full_disk else None
        chaos = Chaos((disk or folder) / "home", asked.seed, disk=disk, freezes=asked.freeze)
        server: Any = None
        if asked.nodes:
            server = stack.enter_context(databases.server(durable=True))
            chaos = stack.enter_context(closing(Pair(folder / "home", asked.seed, databases.url_of(server.pgdata))))
        strike, number = (chaos.stop_past_lease, asked.stops) if asked.stops else (chaos.storm, asked.kills)
        if isinstance(chaos, Pair) and asked.crashes:
            strike, number = partial(chaos.crash_database, server), asked.crashes
        verdict = strike(number, lambda line: None if asked.json else print(line, file=sys.stderr))
    counts: dict[str, float] = {"kills": chaos.kills, "lost": len(verdict.lost), "repeated": len(verdict.repeated)}
    counts |= {"orphans": len(verdict.orphans), "adopted": verdict.adopted, "projects": len(chaos.projects)}
    counts |= {"stopped": chaos.frozen} if asked.freeze or asked.stops else {}
    counts |= {"full": chaos.full} if asked.full_disk else {}
    counts |= {f"{kind}s": list(chaos.victims.values()).count(kind) for kind in ("runner", "agent")}
    if isinstance(chaos, Pair) and chaos.resumed:
        times = sorted(chaos.resumed)
        counts |= {
            "crashes": len(times),
            "resumed_p50_s": round(times[len(times) // 2], 2),
            "resumed_max_s": round(times[-1], 2),
        }
    for line in [*verdict.lost, *verdict.repeated, *verdict.orphans]:
        print(line, file=sys.stderr)
    print(json.dumps(counts) if asked.json else ", ".join(f"{key} {value}" for key, value in counts.items()))
    return 1 if any(verdict[:3]) else 0


if __name__ == "__main__":
    sys.exit(main())
