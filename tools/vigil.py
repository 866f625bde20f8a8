"""`./dev vigil`: silent builds and hung agents on virtual time; who is ended, and how soon."""

import argparse
import json
import sys
from dataclasses import asdict

from tests.simulation.vigil import keep


def main() -> int:
    """Play until so many have worked in silence; exit 1 when one was ended for it, or a hung one was found too late."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", type=int, default=1_000, help="how many silent builds (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    seen = asdict(keep(asked.builds, asked.first))
    print(json.dumps(seen) if asked.json else ", ".join(f"{key} {value}" for key, value in seen.items()))
    return 1 if seen["killed"] or seen["late"] else 0


if __name__ == "__main__":
    sys.exit(main())
