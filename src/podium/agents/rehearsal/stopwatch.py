"""Times every feature of a rehearsed application; a script, run inside the clone with its `src` on the path.

A program of its own, because it imports the clone's code, which must not share a process with the agent. It
prints one JSON object: the best time of each feature, in microseconds, by key.
"""

import importlib
import json
import sys
import time
from types import ModuleType

ROUNDS = 3
CALLS_PER_ROUND = 10


def best_microseconds(feature: ModuleType) -> float:
    """Return the best mean over a few rounds: the least disturbed by whatever else the machine does."""
    return min(_round_microseconds(feature) for _ in range(ROUNDS))


def _round_microseconds(feature: ModuleType) -> float:
    started = time.perf_counter()
    for _ in range(CALLS_PER_ROUND):
        feature.run(feature.EXAMPLE)
    return (time.perf_counter() - started) / CALLS_PER_ROUND * 1e6


def main(package: str) -> None:
    """Time the features of this package and print the figures."""
    features = importlib.import_module(f"{package}.features")
    figures = {feature.KEY: round(best_microseconds(feature), 2) for feature in features.discover()}
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
