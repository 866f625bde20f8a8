"""`./dev sim`: many seeds of the whole engine on virtual time, over all cores."""

import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import Outcome
from tests.simulation.seeds import play


def main() -> int:
    """Run the seeds; exit 1 when a checker found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds (default 300)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    began = time.monotonic()
    faults: Counter[str] = Counter()
    failed: list[Outcome] = []
    virtual = 0.0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(play, range(asked.first, asked.first + asked.seeds), chunksize=8):
            faults += outcome.faults
            virtual += outcome.virtual_seconds
            if outcome.violations:
                failed.append(outcome)
    if asked.json:
        told = {"seeds": asked.seeds, "failed": len(failed), "virtual_seconds": round(virtual), "faults": dict(faults)}
        print(json.dumps(told))
    else:
        for outcome in failed:
            print(f"seed {outcome.seed}: {'; '.join(outcome.violations[:5])}")
        days, seconds = virtual / 86_400, time.monotonic() - began
        print(
            f"{asked.seeds} seeds, {len(failed)} failed; {days:.1f} virtual days in {seconds:.1f} s; "
            f"faults: {dict(faults)}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
