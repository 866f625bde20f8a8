"""`./dev bench`: the engine's speed, every transition durable, the whole engine in the path."""

import argparse
import json
import sys
from dataclasses import asdict

from podium.simulation.bench import run


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=2000, help="projects of 15 steps each (default 2000)")
    parser.add_argument("--in-flight", type=int, default=256, help="instances (default 256)")
    parser.add_argument("--idle", type=int, default=300, help="submissions one at a time (default 300)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    measured = asdict(run(asked.projects, asked.in_flight, asked.idle))
    if asked.json:
        print(json.dumps(measured))
    else:
        for name, value in measured.items():
            print(f"{name:32} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
