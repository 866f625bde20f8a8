"""Asks a rehearsed application what its features are and answer; a script, run inside the clone with `src` on the path.

A program of its own, because it imports the clone's code, which must not share a process with the agent. It prints one
JSON object for each feature, with the best time of a call in microseconds; what a feature does not define is empty.
"""

import importlib
import json
import os
import sys
import timeit
from functools import partial

ROUNDS = 3
CALLS_PER_ROUND = 10
_CONSTANTS = ("KEY", "TITLE", "BEHAVIOUR", "EXAMPLE", "ACCEPTANCE")


def main(package: str) -> None:
    """Print what there is to know of this package's features."""
    rows: list[dict[str, object]] = []
    for feature in importlib.import_module(f"{package}.features").discover():
        told: dict[str, object] = {name.lower(): getattr(feature, name, "") for name in _CONSTANTS}
        told |= {"path": os.path.relpath(feature.__file__ or ""), "answer": feature.run(feature.EXAMPLE)}
        told["run_summary"] = (feature.run.__doc__ or "").strip().partition("\n")[0]
        times = timeit.repeat(partial(feature.run, feature.EXAMPLE), repeat=ROUNDS, number=CALLS_PER_ROUND)
        # The round that the machine disturbed least counts.
        rows.append({**told, "microseconds": round(min(times) / CALLS_PER_ROUND * 1e6, 2)})
    sys.stdout.write(json.dumps(rows))


if __name__ == "__main__":
    main(sys.argv[1])
