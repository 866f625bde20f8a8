"""Asks a rehearsed application what its features are and answer; a script, run inside the clone with `src` on the path.

A program of its own, because it imports the clone's code, which must not share a process with the agent. It prints
one JSON object for each feature; with a second argument, each with the best time of a call in microseconds.
"""

import importlib
import json
import os
import sys
import time
from types import ModuleType

ROUNDS = 3
CALLS_PER_ROUND = 10
_CONSTANTS = ("KEY", "TITLE", "BEHAVIOUR", "EXAMPLE", "ACCEPTANCE")


def _round_microseconds(feature: ModuleType) -> float:
    started = time.perf_counter()
    for _ in range(CALLS_PER_ROUND):
        feature.run(feature.EXAMPLE)
    return (time.perf_counter() - started) / CALLS_PER_ROUND * 1e6


def described(feature: ModuleType, rounds: int) -> dict[str, object]:
    """What the feature says of itself and really answers; the least disturbed of the rounds gives its time."""
    told: dict[str, object] = {name.lower(): getattr(feature, name, None) for name in _CONSTANTS}
    told |= {"path": os.path.relpath(feature.__file__ or ""), "answer": feature.run(feature.EXAMPLE)}
    told["run_summary"] = (feature.run.__doc__ or "").strip().partition("\n")[0]
    told["microseconds"] = round(min((_round_microseconds(feature) for _ in range(rounds)), default=0.0), 2)
    return told


def main(package: str, *timed: str) -> None:
    """Print what there is to know of this package's features."""
    features = importlib.import_module(f"{package}.features")
    rows = [described(feature, ROUNDS if timed else 0) for feature in features.discover()]
    sys.stdout.write(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
